import { latestMetricsSchema, type MonitoringEventInput } from '@distributary/contracts';
import {
  LastValueTables,
  LOCAL_PRINCIPAL,
  noMetrics,
  PermittedEvents,
  type TopicDefinition,
} from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import { monitoringTopics } from '../events/default-topics.js';
import { batchOf } from '../testing/published-events.js';
import { LatestEvents } from './latest-events.js';
import { LatestMetricsController } from './metrics.controller.js';
import { MetricsService } from './metrics.service.js';

const clock = new FakeClock();
const topic: TopicDefinition = { ...monitoringTopics()[0], catalogVersion: 1, createdAtMicros: 0 };

const metric = (name: string, value: number, data: object = {}, extra: object = {}): MonitoringEventInput => ({
  data_type: 'METRICS',
  data: { service_name: 'billing', metric_name: name, current_value: value, ...data },
  metadata: { source_service: 's' },
  ...extra,
});

describe('GET metrics/{service_name}/latest', () => {
  const tables = new LastValueTables({ metrics: noMetrics });
  const latest = new LatestEvents(tables);
  const door = new LatestMetricsController(new MetricsService(latest, clock));
  const apply = (...events: MonitoringEventInput[]) => tables.apply(topic, batchOf(clock, ...events), undefined);

  it('gives the newest figure of each metric, sorted', () => {
    apply(metric('b', 1), metric('b', 2, { unit: 'ms', threshold: 5, labels: { host: 'h' } }), metric('a', 3));
    const answer = door.latest('billing', LOCAL_PRINCIPAL);
    expect(latestMetricsSchema.parse(answer)).toEqual(answer);
    expect(answer.metrics.map(({ metric_name, current_value, unit }) => [metric_name, current_value, unit])).toEqual([
      ['a', 3, undefined],
      ['b', 2, 'ms'],
    ]);
    expect(answer.metrics[1]).toMatchObject({ threshold: 5, labels: { host: 'h' } });
  });

  it('keeps hosts apart that have keys of their own', () => {
    const onHost = (host: string, value: number) =>
      metric('cpu', value, { service_name: 'host' }, { routing: { routing_key: `host.metric.${host}` } });
    apply(onHost('x', 1), onHost('y', 2), onHost('x', 3));
    expect(
      door
        .latest('host', LOCAL_PRINCIPAL)
        .metrics.map((found) => found.current_value)
        .sort(),
    ).toEqual([2, 3]);
  });

  it('does not know a service that it never heard of; one without metrics has none', () => {
    expect(() => door.latest('nobody', LOCAL_PRINCIPAL)).toThrow(
      expect.objectContaining({ code: 'service.not_found' }),
    );
    const slo = { data_type: 'SLO_STATUS' as const, data: { slo_name: 'x' }, metadata: { source_service: 'quiet' } };
    apply(slo);
    expect(door.latest('quiet', LOCAL_PRINCIPAL).metrics).toEqual([]);
    expect([...latest.services(new PermittedEvents(LOCAL_PRINCIPAL, 'read')).keys()].sort()).toEqual([
      'billing',
      'host',
      'quiet',
    ]);
  });

  it('is not known to those who may not read of it', () => {
    const other = { ...LOCAL_PRINCIPAL, tenant: 'acme' };
    expect(() => door.latest('billing', other)).toThrow(expect.objectContaining({ code: 'service.not_found' }));
    const none = { ...LOCAL_PRINCIPAL, permissions: [] };
    expect(() => door.latest('billing', none)).toThrow(expect.objectContaining({ code: 'auth.forbidden' }));
  });

  it('passes over what is no figure', () => {
    const attributes = { data_type: 'METRICS', service: 'odd' };
    const record = { eventId: 'e', timeMicros: 1, routingKey: 'k', attributes, value: Buffer.from('?') };
    const nameless = { ...record, attributes: {} };
    const odd = new LatestEvents({
      entries: () => [
        { topic: 't', record },
        { topic: 't', record: nameless },
      ],
    });
    expect(new MetricsService(odd, clock).latestOf('odd', LOCAL_PRINCIPAL).metrics).toEqual([]);
    expect(odd.services(new PermittedEvents(LOCAL_PRINCIPAL, 'read')).size).toBe(1);
  });

  it('shows the severity of a figure that has one', () => {
    apply(metric('s', 1, {}, { metadata: { source_service: 's', severity: 'warning' } }));
    expect(door.latest('billing', LOCAL_PRINCIPAL).metrics.find((found) => found.metric_name === 's')?.severity).toBe(
      'WARNING',
    );
  });
});
