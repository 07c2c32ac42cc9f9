import {
  type Principal,
  LOCAL_PRINCIPAL,
  noMetrics,
  PerformanceStatistics,
  qualifyTopic,
  type SubscriptionState,
  type TopicDefinition,
} from '@distributary/distribution-core';
import { aDay, FakeClock, InMemoryDailyDeliveryStore } from '@distributary/distribution-core/testing';
import { Registry } from 'prom-client';
import { PromMetrics } from '../metrics/prom-metrics.js';
import { gaugeReader } from './gauge-reader.js';
import { registerPerformanceMetrics, TOP_SERIES } from './performance-metrics.js';
import { PerformanceService } from './performance.service.js';
import { ResourceMonitor } from './resource-monitor.js';
import { SlaService } from './sla.service.js';

const ACME: Principal = { ...LOCAL_PRINCIPAL, tenant: 'acme', kind: 'api_key', id: 'k' };
const NOBODY: Principal = { ...LOCAL_PRINCIPAL, permissions: [] };

const lane = (tenant: string, name: string, partition = 0) => {
  const topic = qualifyTopic(tenant, name);
  return { lane: { topic, partition, epoch: 'e' }, topic: { name: topic, tenant } };
};

const aState = (state: Partial<SubscriptionState>): SubscriptionState => ({
  subscriptionId: 's',
  tenant: 'default',
  feed: 1,
  state: 'live',
  isSlow: false,
  sentEvents: 0,
  lagEvents: 0,
  unconfirmedBytes: 0,
  ...state,
});

function aWorld(states: readonly SubscriptionState[] = []) {
  const clock = new FakeClock();
  const statistics = new PerformanceStatistics(clock);
  const registry = new Registry();
  new PromMetrics(registry).gauge('ingest_pending_bytes', 'x').set(77);
  const resources = new ResourceMonitor(clock, noMetrics);
  const service = new PerformanceService({
    statistics,
    fanOut: {
      subscriptionStates: () => states,
      feedStatistics: () => [{ feed: 1, key: 'k', members: 2, behind: 1, slow: 1, examined: 10, matched: 5 }],
    },
    directory: { find: (name) => (name.endsWith('a/b') ? ({ name } as TopicDefinition) : undefined) },
    resources,
    gauge: gaugeReader(registry),
    clock,
  });
  return { clock, statistics, registry, resources, service };
}

describe('performance over REST', () => {
  it('shows a tenant its own figures under its own names, and whoever runs the service all', async () => {
    const { service, statistics } = aWorld();
    statistics.delivered(1, lane('default', 'a/b'), 2, 10, 1);
    statistics.delivered(2, lane('acme', 'a/b'), 4, 3, 1);
    expect((await service.performance(LOCAL_PRINCIPAL)).windows['1m'].deliveries).toBe(13);
    const own = await service.performance(ACME);
    expect(own.windows['1m'].deliveries).toBe(3);
    expect(own).not.toHaveProperty('resources');
    expect(service.topic(ACME, 'a/b')).toMatchObject({ topic: 'a/b', windows: { '1h': { deliveries: 3 } } });
    expect(service.topics(ACME, {}).items).toMatchObject([{ topic: 'a/b', deliveries: 3 }]);
    expect(service.lanes(ACME, {}).items).toMatchObject([{ topic: 'a/b', partition: 0, deliveries: 3 }]);
    expect(service.tenants(ACME, {}).items).toMatchObject([{ tenant: 'acme' }]);
    expect(service.tenants(LOCAL_PRINCIPAL, {}).items).toMatchObject([{ tenant: 'default' }, { tenant: 'acme' }]);
  });

  it('shows the resources of the process', async () => {
    const { resources } = await aWorld().service.performance(LOCAL_PRINCIPAL);
    expect(resources).toMatchObject({
      ingest_pending_bytes: 77,
      segment_bytes: 0,
      subscriptions: 2,
      subscriptions_slow: 1,
    });
  });

  it('shows only topics that the caller may read', () => {
    const { service, statistics } = aWorld();
    statistics.delivered(1, lane('default', 'a/b'), 2, 10, 1);
    statistics.delivered(1, lane('default', 'secret'), 2, 10, 1);
    const reader: Principal = {
      ...LOCAL_PRINCIPAL,
      permissions: [{ verbs: ['read'], topicPattern: 'a/#', constraint: undefined }],
    };
    expect(service.topics(reader, {}).items.map(({ topic }) => topic)).toEqual(['a/b']);
    expect(service.lanes(reader, {}).items).toHaveLength(1);
    expect(() => service.topic(reader, 'secret')).toThrow(expect.objectContaining({ code: 'auth.forbidden' }));
    expect(() => service.tenants(reader, {})).toThrow(expect.objectContaining({ code: 'auth.forbidden' }));
  });

  it('needs the permission to read', async () => {
    const { service } = aWorld();
    await expect(service.performance(NOBODY)).rejects.toMatchObject({ code: 'auth.forbidden' });
    for (const list of ['topics', 'lanes', 'tenants', 'subscriptions'] as const) {
      expect(() => service[list](NOBODY, {})).toThrow(expect.objectContaining({ code: 'auth.forbidden' }));
    }
    expect(() => service.topic(NOBODY, 'a/b')).toThrow(expect.objectContaining({ code: 'auth.forbidden' }));
  });

  it('puts subscriptions that lag first, those of which it is not known before all', () => {
    const { service, statistics } = aWorld([
      aState({ subscriptionId: 'quick', sentEvents: 9 }),
      aState({ subscriptionId: 'busy', sentEvents: 99 }),
      aState({ subscriptionId: 'late', lagEvents: 5, state: 'behind', isSlow: true }),
      aState({ subscriptionId: 'lost', lagEvents: undefined, state: 'behind', feed: 7 }),
      aState({ subscriptionId: '@acme/theirs', tenant: 'acme' }),
    ]);
    statistics.delivered(1, lane('default', 'a/b'), 2, 10, 2);
    const { items, others } = service.subscriptions(LOCAL_PRINCIPAL, { limit: '3' });
    expect(items.map((item) => [item.subscription_id, item.lag_events, item.deliveries])).toEqual([
      ['lost', null, 0],
      ['late', 5, 10],
      ['busy', 0, 10],
    ]);
    expect(others).toBe(1);
    expect(service.subscriptions(ACME, {}).items).toMatchObject([{ subscription_id: 'theirs' }]);
  });
});

describe('performance for Prometheus', () => {
  it('has the busiest by name and the sum of the others, whatever comes', async () => {
    const states = Array.from({ length: 30 }, (_, n) =>
      aState({ subscriptionId: `s${n}`, sentEvents: n, lagEvents: n }),
    );
    const { statistics, registry, resources } = aWorld(states);
    registerPerformanceMetrics(registry, { statistics, resources, subscriptions: () => states });
    for (let n = 0; n < 50; n++) statistics.delivered(1, lane('default', `t/${n}`), 1, n + 1, 1);
    const text = await registry.metrics();
    const series = (name: string) => text.match(new RegExp(`^${name}\\{.*$`, 'gm')) ?? [];
    expect(series('performance_topic_deliveries_per_second')).toHaveLength(TOP_SERIES + 1);
    expect(series('performance_topic_latency_p99_ms')).toHaveLength(TOP_SERIES);
    expect(series('performance_lane_deliveries_per_second')).toContainEqual(
      expect.stringContaining('tenant="other",topic="other",partition="other"'),
    );
    expect(series('performance_tenant_events_per_second')).toHaveLength(1);
    expect(series('performance_subscription_sent_events')).toHaveLength(TOP_SERIES + 1);
    expect(text).toContain('performance_worst_lag_events 29');
  });
});

describe('service levels over REST', () => {
  const TODAY = '2025-06-15';

  it('shows days in between of which nothing is known as days without service', async () => {
    const clock = new FakeClock(Date.parse(`${TODAY}T12:00:00Z`) * 1000);
    const store = new InMemoryDailyDeliveryStore();
    await store.add([aDay({ day: '2025-06-10' }), aDay({ day: '2025-06-13' }), aDay({ topic: 'a/c', day: TODAY })]);
    await store.add([aDay({ topic: '@acme/x', tenant: 'acme', day: TODAY })]);
    const service = new SlaService(store, clock);
    const { items, from, to, is_cut } = await service.list(LOCAL_PRINCIPAL, {});
    expect([from, to, is_cut]).toEqual(['2025-06-09', TODAY, false]);
    expect(items.map(({ topic, day, served_minutes }) => `${topic} ${day} ${served_minutes}`)).toEqual([
      'a/b 2025-06-10 3',
      'a/b 2025-06-11 0',
      'a/b 2025-06-12 0',
      'a/b 2025-06-13 3',
      'a/b 2025-06-14 0',
      'a/b 2025-06-15 0',
      'a/c 2025-06-15 2',
    ]);
    expect(items[1]).toMatchObject({ availability: 0, delivery_ratio: null, latency_ms: null, due_minutes: 1440 });
    expect(items[5].due_minutes).toBe(720);
    const asked = await service.list(LOCAL_PRINCIPAL, { topic: 'a/b', from: '2025-06-12', to: '2025-06-13' });
    expect(asked.items.map(({ day }) => day)).toEqual(['2025-06-12', '2025-06-13']);
    expect((await service.list(ACME, {})).items).toMatchObject([{ topic: 'x' }]);
    await expect(service.list(NOBODY, {})).rejects.toMatchObject({ code: 'auth.forbidden' });
  });
});
