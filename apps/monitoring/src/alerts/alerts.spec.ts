import { LOCAL_PRINCIPAL, type Permission, type Principal } from '@distributary/distribution-core';
import type { MonitoringEventInput } from '@distributary/contracts';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import fc from 'fast-check';
import { isoOfMicros, PerTenant } from '@distributary/distribution-service';
import { batchOf, batchOfRecords, RecordingPublisher } from '../testing/published-events.js';
import { ActiveAlerts, type AlertChange } from './active-alerts.js';
import { AlertEvaluator } from './alert-evaluator.js';
import { type AlertRule, DEFAULT_ALERT_RULES } from './alert-rule.js';
import { AlertsController } from './alerts.controller.js';
import { AlertsService } from './alerts.service.js';
import { QUIET, watch, type WatchState } from './threshold-watch.js';

const clock = new FakeClock();
const START = clock.nowMicros();

const alert = (
  alertId: string,
  status: 'raised' | 'resolved' | undefined,
  atMs: number,
  data: object = {},
): MonitoringEventInput => ({
  event_id: `${alertId}:${status}:${atMs}`,
  timestamp: isoOfMicros(START + atMs * 1000),
  data_type: 'ALERTS',
  data: { alert_id: alertId, service_name: 'billing', severity: 'CRITICAL', ...(status && { status }), ...data },
  metadata: { source_service: 'elsewhere' },
});

const idsOf = (alerts: ActiveAlerts) => [...alerts.values()].map((active) => active.alert.alert_id);

describe('active alerts', () => {
  it('are those that were raised and not resolved, whoever published them', () => {
    const alerts = new ActiveAlerts();
    alerts.apply(batchOf(clock, alert('a', 'raised', 1), alert('b', undefined, 2), alert('a', 'resolved', 3)));
    expect(idsOf(alerts)).toEqual(['b']);
    expect(alerts.find('b')).toMatchObject({
      startedMicros: START + 2_000,
      alert: { service_name: 'billing', severity: 'CRITICAL', source_service: 'elsewhere' },
    });
    expect(alerts.size).toBe(1);
  });

  it('keep their beginning when raised again, and may come back after they were resolved', () => {
    const alerts = new ActiveAlerts();
    alerts.apply(batchOf(clock, alert('a', 'raised', 1), alert('a', 'raised', 5, { current_value: 7 })));
    expect(alerts.find('a')).toMatchObject({ startedMicros: START + 1_000, alert: { current_value: 7 } });
    alerts.apply(batchOf(clock, alert('a', 'resolved', 6), alert('a', 'raised', 9)));
    expect(alerts.find('a')?.startedMicros).toBe(START + 9_000);
  });

  it('follow the order of a lane and not the clocks of producers', () => {
    const alerts = new ActiveAlerts();
    alerts.apply(batchOf(clock, alert('a', 'raised', 10), alert('a', 'resolved', 1)));
    expect(idsOf(alerts)).toEqual([]);
    alerts.apply(batchOf(clock, alert('a', 'raised', 0)));
    expect(idsOf(alerts)).toEqual(['a']);
  });

  it('come out the same in whatever order the lanes are read', () => {
    const critical = batchOf(clock, alert('a', 'raised', 1));
    const info = batchOf(clock, alert('a', 'resolved', 2, { severity: 'INFO' }));
    for (const order of [
      [critical, info],
      [info, critical],
    ]) {
      const alerts = new ActiveAlerts();
      order.forEach((batch) => alerts.apply(batch));
      expect(idsOf(alerts)).toEqual([]);
    }
    const earlier = batchOf(clock, alert('b', 'raised', 1, { severity: 'INFO' }));
    const later = batchOf(clock, alert('b', 'raised', 2));
    const alerts = new ActiveAlerts();
    [later, earlier, batchOf(clock, alert('b', 'resolved', 1, { severity: 'INFO' }))].forEach((b) => alerts.apply(b));
    expect(alerts.find('b')?.alert.severity).toBe('CRITICAL');
  });

  it('are bounded: the oldest goes, and listeners hear of it', () => {
    const alerts = new ActiveAlerts(2);
    const changes: string[] = [];
    alerts.listen({
      changed: ({ kind, alert: { alert } }: AlertChange) => void changes.push(`${kind} ${alert.alert_id}`),
      ready: () => void changes.push('ready'),
    });
    alerts.apply(batchOf(clock, alert('a', 'raised', 1)));
    alerts.ready();
    alerts.apply(batchOf(clock, alert('b', 'raised', 2), alert('c', 'raised', 3), alert('c', 'raised', 4)));
    alerts.apply(batchOf(clock, ...['x', 'y', 'z'].map((id) => alert(id, 'resolved', 5))));
    expect(changes).toEqual(['ready', 'raised b', 'resolved a', 'raised c', 'updated c']);
    expect(idsOf(alerts)).toEqual(['b', 'c']);
  });

  it('are not disturbed by what others write into the topic', () => {
    const alerts = new ActiveAlerts();
    const attributes = { data_type: 'ALERTS' };
    const record = { eventId: 'e', timeMicros: 1, routingKey: 'k', attributes, value: Buffer.from('[]') };
    alerts.apply(batchOfRecords('monitoring/alerts/info', [record]));
    expect(alerts.size).toBe(0);
  });
});

describe('GET alerts/active', () => {
  const alerts = new ActiveAlerts();
  const door = new AlertsController(new AlertsService(new PerTenant(alerts, () => new ActiveAlerts())));

  it('says that it does not know yet, rather than showing a part', () => {
    expect(() => door.active({}, LOCAL_PRINCIPAL)).toThrow(
      expect.objectContaining({ code: 'store.unavailable', retryAfterMs: 1_000 }),
    );
  });

  it('selects by severity and service; the most severe first, then the newest', () => {
    alerts.apply(
      batchOf(
        clock,
        alert('old', 'raised', 1),
        alert('warn', 'raised', 9, { severity: 'warning', service_name: 'search' }),
        alert('new', 'raised', 5),
      ),
    );
    alerts.ready();
    const ids = (query: unknown) => door.active(query, LOCAL_PRINCIPAL).map((found) => found.alert_id);
    expect(ids({})).toEqual(['new', 'old', 'warn']);
    expect(ids({ severity: 'warning' })).toEqual(['warn']);
    expect(ids({ severity: 'critical, WARNING', service: 'search' })).toEqual(['warn']);
    expect(ids({ severity: '' })).toHaveLength(3);
    expect(() => ids({ service: '' })).toThrow(expect.objectContaining({ code: 'request.invalid' }));
  });

  it('shows what the caller may read, of its own tenant', () => {
    const ids = (who: Partial<Principal>) =>
      door.active({}, { ...LOCAL_PRINCIPAL, ...who }).map((found) => found.alert_id);
    const reading = (constraint: Permission['constraint'], topicPattern = '#'): Partial<Principal> => ({
      permissions: [{ verbs: ['read'], topicPattern, constraint }],
    });
    expect(ids(reading({ op: 'eq', attribute: 'service', value: 'search' }))).toEqual(['warn']);
    expect(ids(reading({ op: 'eq', attribute: 'data.service_name', value: 'search' }))).toEqual(['warn']);
    expect(ids(reading(undefined, 'monitoring/metrics'))).toEqual([]);
    expect(ids({ tenant: 'acme' })).toEqual([]);
    expect(() => ids({ permissions: [] })).toThrow(expect.objectContaining({ code: 'auth.forbidden' }));
  });
});

/** One that speaks at once, and has read what it said. */
const outletOf = (published: MonitoringEventInput[]) => ({
  add: (events: readonly MonitoringEventInput[]) => void published.push(...events),
  has: (eventId: string) => published.some((event) => event.event_id === eventId),
  forget: () => undefined,
});

const RULE: AlertRule = {
  id: 'cpu-busy',
  metric: 'cpu.utilization',
  comparison: 'above',
  threshold: 0.9,
  clear: 0.8,
  severity: 'WARNING',
  forMs: 2_000,
  summary: 'busy',
};

describe('a threshold', () => {
  const run = (rule: AlertRule, values: readonly number[]) => {
    let state: WatchState = QUIET;
    return values.map((value, second) => {
      const result = watch(rule, state, value, second * 1e6);
      state = result.state;
      return result.change ?? state.kind;
    });
  };

  it('fires after its duration and clears at the clear level, not at the threshold', () => {
    expect(run(RULE, [0.95, 0.95, 0.95, 0.99, 0.85, 0.8, 0.95])).toEqual([
      'pending',
      'pending',
      'raised',
      'firing',
      'firing',
      'resolved',
      'pending',
    ]);
  });

  it('starts anew after one good value', () => {
    expect(run(RULE, [0.95, 0.95, 0.9, 0.95, 0.95])).toEqual(['pending', 'pending', 'quiet', 'pending', 'pending']);
  });

  it('works downwards, and at once where no duration is asked for', () => {
    const low: AlertRule = { ...RULE, comparison: 'below', threshold: 5, clear: 8, forMs: 0 };
    expect(run(low, [4, 6, 8])).toEqual(['raised', 'firing', 'resolved']);
  });

  it('raises and resolves by turns, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (values) => {
        const changes = run(RULE, values).filter((change) => change === 'raised' || change === 'resolved');
        return changes.every((change, index) => change === (index % 2 === 0 ? 'raised' : 'resolved'));
      }),
    );
  });

  it('has a clear level on the good side of it, in every default rule', () => {
    const isOnGoodSide = ({ comparison, clear, threshold }: AlertRule) =>
      comparison === 'above' ? clear <= threshold : clear >= threshold;
    expect(DEFAULT_ALERT_RULES.filter((rule) => !isOnGoodSide(rule))).toEqual([]);
    expect(new Set(DEFAULT_ALERT_RULES.map((rule) => rule.id)).size).toBe(DEFAULT_ALERT_RULES.length);
  });
});

describe('the alert evaluator', () => {
  function anEvaluator(rules: readonly AlertRule[] = [RULE], options = {}) {
    const ownClock = new FakeClock();
    const alerts = new ActiveAlerts();
    const published: MonitoringEventInput[] = [];
    const outbox = outletOf(published);
    const evaluator = new AlertEvaluator(rules, alerts, outbox, ownClock, options);
    return { ownClock, alerts, published, evaluator, outbox };
  }

  const cpu = (value: number, second: number, service = 'billing', metricName = 'cpu.utilization') => ({
    timestamp: isoOfMicros(START + second * 1e6),
    data_type: 'METRICS' as const,
    data: { service_name: service, metric_name: metricName, current_value: value, unit: 'ratio' },
    metadata: { source_service: 'probe' },
  });

  it('raises and resolves one alert with one id, for a service that it never heard of', async () => {
    const { alerts, published, evaluator } = anEvaluator();
    alerts.ready();
    evaluator.apply(batchOf(clock, cpu(0.95, 0), cpu(0.96, 1), cpu(1, 1, 'billing', 'other'), cpu(0.97, 2)));
    evaluator.apply(batchOf(clock, cpu(0.5, 3)));
    expect(published.map((event) => (event.data as { status: string }).status)).toEqual(['raised', 'resolved']);
    const [raised, resolved] = published;
    expect(raised.data).toMatchObject({
      service_name: 'billing',
      severity: 'WARNING',
      metric_name: 'cpu.utilization',
      current_value: 0.97,
      threshold: 0.9,
      unit: 'ratio',
      message: 'busy: cpu.utilization is 0.97, threshold 0.9',
      started_at: isoOfMicros(START),
    });
    expect(resolved.data).toMatchObject({ alert_id: raised.data.alert_id, current_value: 0.5 });
    expect(resolved.event_id).toBe(`${raised.data.alert_id}:resolved`);
    await expect(new RecordingPublisher().publish(published)).resolves.toEqual([]);
  });

  it('waits until it knows what fired before, then resolves that instead of raising it again', () => {
    const before = anEvaluator();
    before.alerts.ready();
    before.evaluator.apply(batchOf(clock, cpu(0.95, 0), cpu(0.95, 2)));

    const { alerts, published, evaluator } = anEvaluator();
    evaluator.apply(batchOf(clock, cpu(0.95, 3), cpu(0.95, 6)));
    evaluator.ready();
    expect(published).toEqual([]);
    alerts.apply(batchOf(clock, ...before.published));
    alerts.ready();
    evaluator.ready();
    evaluator.apply(batchOf(clock, cpu(0.95, 7), cpu(0.95, 10)));
    expect(published).toEqual([]);
    evaluator.apply(batchOf(clock, cpu(0.1, 11)));
    expect(published.map((event) => event.event_id)).toEqual([`${before.published[0].data.alert_id}:resolved`]);
  });

  it('takes up active alerts also when it is built after they are known', () => {
    const before = anEvaluator();
    before.alerts.ready();
    before.evaluator.apply(batchOf(clock, cpu(0.95, 0), cpu(0.95, 2)));
    before.alerts.apply(batchOf(clock, ...before.published, alert('foreign', 'raised', 1)));
    const published: MonitoringEventInput[] = [];
    const evaluator = new AlertEvaluator([RULE], before.alerts, outletOf(published), clock);
    evaluator.apply(batchOf(clock, cpu(0.1, 11)));
    expect(published).toHaveLength(1);
  });

  it('resolves what a rule raised that does not exist any more', () => {
    const before = anEvaluator();
    before.alerts.ready();
    before.evaluator.apply(batchOf(clock, cpu(0.95, 0), cpu(0.95, 2)));
    const { alerts, published } = anEvaluator([]);
    alerts.apply(batchOf(clock, ...before.published));
    alerts.ready();
    expect(published.map((event) => event.data)).toMatchObject([
      { alert_id: before.published[0].data.alert_id, status: 'resolved', message: 'its rule does not exist any more' },
    ]);
  });

  it('begins anew when somebody else resolves the alert', () => {
    const { alerts, published, evaluator } = anEvaluator();
    alerts.ready();
    evaluator.apply(batchOf(clock, cpu(0.95, 0), cpu(0.95, 2)));
    alerts.apply(batchOf(clock, published[0], alert('foreign', 'raised', 1), alert('foreign', 'resolved', 2)));
    const byHand = alert(published[0].data.alert_id as string, 'resolved', 2_500, { severity: 'WARNING' });
    alerts.apply(batchOf(clock, byHand));
    evaluator.apply(batchOf(clock, cpu(0.95, 3), cpu(0.95, 4)));
    expect(published).toHaveLength(1);
    evaluator.apply(batchOf(clock, cpu(0.95, 5)));
    expect(published).toHaveLength(2);
    expect(published[1].data.alert_id).not.toBe(published[0].data.alert_id);
  });

  it('resolves what nobody speaks of any more', async () => {
    const { ownClock, alerts, published, evaluator } = anEvaluator([RULE], { staleAfterMs: 60_000 });
    alerts.ready();
    evaluator.start();
    evaluator.apply(batchOf(clock, cpu(0.95, 0), cpu(0.95, 2), cpu(0.95, 2, 'pending-only')));
    ownClock.advance(59_000);
    expect(published).toHaveLength(1);
    await until('the sweep', () => {
      ownClock.advance(30_000);
      return published.length > 1;
    });
    await evaluator.stop();
    expect(published[1].data).toMatchObject({ status: 'resolved', message: 'no figures of cpu.utilization for 60 s' });
    expect(published).toHaveLength(2);
    expect(ownClock.pendingAlarms).toBe(0);
  });

  it('is bounded, and counts what it cannot watch', () => {
    const { alerts, published, evaluator } = anEvaluator([{ ...RULE, forMs: 0 }], { capacity: 1 });
    alerts.ready();
    evaluator.apply(batchOf(clock, cpu(0.95, 0, 'a'), cpu(0.95, 0, 'b')));
    expect(published).toHaveLength(1);
    expect(evaluator.ignored).toBe(1);
  });

  it('passes over what is no figure', () => {
    const { alerts, published, evaluator } = anEvaluator([{ ...RULE, forMs: 0 }]);
    alerts.ready();
    const attributes = { data_type: 'METRICS', metric: 'cpu.utilization' };
    const text = Buffer.from('{"event_id":"e","timestamp":"t","data":{"current_value":"a"},"metadata":{}}');
    const record = { eventId: 'e', timeMicros: 1, routingKey: 'k', attributes, value: text };
    const alien = { ...record, attributes: { ...attributes, data_type: 'ALERTS' } };
    evaluator.apply(batchOfRecords('monitoring/metrics', [record, alien, { ...record, attributes: {} }]));
    evaluator.apply(batchOfRecords('monitoring/metrics', [{ ...record, attributes: {} }]));
    evaluator.apply(batchOf(clock, cpu(1, 0, 'x', 'unwatched')));
    expect(published).toEqual([]);
  });
});
