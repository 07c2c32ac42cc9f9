import type { MetricsData, MonitoringEventInput } from '@distributary/contracts';
import type { Clock, EventBatch } from '@distributary/distribution-core';
import type { FeedConsumer } from '../events/event-feed.js';
import { microsOfIso } from '../events/iso-time.js';
import { OWN_SERVICE } from '../events/own-service.js';
import { storedEventOf } from '../events/stored-event.js';
import { RepeatingTask, type Schedule } from '../schedules/repeating-task.js';
import type { ActiveAlerts, AlertChange, AlertListener } from './active-alerts.js';
import { alertEvent, alertIdOf, orphanResolved } from './alert-event.js';
import type { AlertRule } from './alert-rule.js';
import { QUIET, watch, type WatchState } from './threshold-watch.js';

interface Watch {
  readonly rule: AlertRule;
  readonly service: string;
  readonly seriesKey: string;
  state: WatchState;
  lastSeenMs: number;
}

export interface AlertEvaluatorOptions {
  /** Series that are beyond a threshold at the same time; more are not watched, and counted. */
  readonly capacity?: number;
  /** A series that says nothing for this long has no alert any more: its source is gone. */
  readonly staleAfterMs?: number;
}

const SWEEP_MS = 30_000;

/**
 * Thresholds on METRICS of any service raise and resolve ALERTS. Remembers only what is beyond a threshold. Begins when
 * the active alerts are known, so that a restart neither forgets an alert nor raises it twice.
 */
export class AlertEvaluator implements FeedConsumer, AlertListener, Schedule {
  /** Series that did not fit in. */
  ignored = 0;
  private readonly rulesOf = new Map<string, AlertRule[]>();
  private readonly watches = new Map<string, Watch>();
  private readonly capacity: number;
  private readonly staleAfterMs: number;
  private readonly sweeps: RepeatingTask;

  constructor(
    private readonly rules: readonly AlertRule[],
    private readonly activeAlerts: ActiveAlerts,
    private readonly outbox: { add(events: readonly MonitoringEventInput[]): void },
    private readonly clock: Clock,
    options: AlertEvaluatorOptions = {},
  ) {
    for (const rule of rules) this.rulesOf.set(rule.metric, [...(this.rulesOf.get(rule.metric) ?? []), rule]);
    this.capacity = options.capacity ?? 10_000;
    this.staleAfterMs = options.staleAfterMs ?? 300_000;
    this.sweeps = new RepeatingTask('alert-sweep', SWEEP_MS, clock, () => this.sweep());
    activeAlerts.listen(this);
    if (activeAlerts.isReady) this.ready();
  }

  start(): void {
    this.sweeps.start();
  }

  stop(): Promise<void> {
    return this.sweeps.stop();
  }

  /** Takes up what fired before the restart, once the active alerts are known; of the metrics there is nothing to wait for. */
  ready(): void {
    if (!this.activeAlerts.isReady) return;
    for (const { alert, sourceRoutingKey } of this.activeAlerts.values()) {
      if (alert.source_service !== OWN_SERVICE || sourceRoutingKey === undefined) continue;
      const rule = this.rules.find(({ id }) => id === alert.rule_id);
      if (rule === undefined) {
        this.outbox.add([orphanResolved(alert, this.clock.nowMicros())]);
        continue;
      }
      const key = watchKey(rule, sourceRoutingKey, alert.service_name);
      if (this.watches.has(key)) continue;
      this.watches.set(key, {
        rule,
        service: alert.service_name,
        seriesKey: sourceRoutingKey,
        state: { kind: 'firing', sinceMicros: microsOfIso(alert.started_at) },
        lastSeenMs: this.clock.monotonicMs(),
      });
    }
  }

  /** Somebody else resolved one of ours: the rule begins anew. */
  changed({ kind, alert: { alert, sourceRoutingKey } }: AlertChange): void {
    if (kind !== 'resolved' || sourceRoutingKey === undefined) return;
    const rule = this.rules.find(({ id }) => id === alert.rule_id);
    if (rule === undefined) return;
    const key = watchKey(rule, sourceRoutingKey, alert.service_name);
    const known = this.watches.get(key);
    if (known?.state.kind === 'firing' && idOf(known, known.state.sinceMicros) === alert.alert_id) {
      this.watches.delete(key);
    }
  }

  apply(batch: EventBatch): void {
    const metrics = batch.column('metric');
    // Figures that come before the active alerts are known come again soon.
    if (metrics === undefined || !this.activeAlerts.isReady) return;
    const rulesOfEntry = metrics.dictionary.map((metric) => this.rulesOf.get(String(metric)));
    if (rulesOfEntry.every((rules) => rules === undefined)) return;
    for (let index = 0; index < batch.count; index++) {
      const rules = rulesOfEntry[metrics.index[index] - 1];
      if (rules === undefined || batch.attributeAt(index, 'data_type') !== 'METRICS') continue;
      const event = storedEventOf<MetricsData>(batch.valueAt(index));
      const value = event?.data.current_value;
      if (typeof value !== 'number') continue;
      const service = String(batch.attributeAt(index, 'service') ?? OWN_SERVICE);
      for (const rule of rules) {
        this.observe(rule, service, batch.routingKeyAt(index), value, batch.timeMicrosAt(index), event?.data.unit);
      }
    }
  }

  private observe(
    rule: AlertRule,
    service: string,
    seriesKey: string,
    value: number,
    timeMicros: number,
    unit: string | undefined,
  ): void {
    const key = watchKey(rule, seriesKey, service);
    const known = this.watches.get(key);
    const before = known?.state ?? QUIET;
    const { state, change } = watch(rule, before, value, timeMicros);
    if (state.kind === 'quiet') this.watches.delete(key);
    else if (known !== undefined) {
      known.state = state;
      known.lastSeenMs = this.clock.monotonicMs();
    } else if (this.watches.size >= this.capacity) {
      this.ignored++;
      return;
    } else {
      this.watches.set(key, { rule, service, seriesKey, state, lastSeenMs: this.clock.monotonicMs() });
    }
    if (change === undefined) return;
    const sinceMicros = state.kind === 'firing' ? state.sinceMicros : (before as { sinceMicros: number }).sinceMicros;
    const alertId = alertIdOf(rule, seriesKey, service, sinceMicros);
    const message = change === 'resolved' ? `${rule.metric} is back at ${value}` : undefined;
    this.outbox.add([
      alertEvent({ alertId, rule, service, seriesKey, sinceMicros }, change, timeMicros, {
        value,
        ...(unit === undefined ? {} : { unit }),
        ...(message === undefined ? {} : { message }),
      }),
    ]);
  }

  /** Ends what nobody speaks of any more. */
  sweep(): void {
    const oldestMs = this.clock.monotonicMs() - this.staleAfterMs;
    for (const [key, stale] of this.watches) {
      if (stale.lastSeenMs > oldestMs) continue;
      this.watches.delete(key);
      if (stale.state.kind !== 'firing') continue;
      const { rule, service, seriesKey } = stale;
      const { sinceMicros } = stale.state;
      const message = `no figures of ${rule.metric} for ${this.staleAfterMs / 1000} s`;
      const occurrence = { alertId: idOf(stale, sinceMicros), rule, service, seriesKey, sinceMicros };
      this.outbox.add([alertEvent(occurrence, 'resolved', this.clock.nowMicros(), { message })]);
    }
  }
}

const watchKey = (rule: AlertRule, seriesKey: string, service: string) => `${rule.id}\n${seriesKey}\n${service}`;

const idOf = ({ rule, seriesKey, service }: Watch, sinceMicros: number) =>
  alertIdOf(rule, seriesKey, service, sinceMicros);
