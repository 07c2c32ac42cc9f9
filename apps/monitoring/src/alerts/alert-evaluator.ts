import type { MetricsData, MonitoringEventInput } from '@distributary/contracts';
import type { Clock, EventBatch } from '@distributary/distribution-core';
import { type FeedConsumer, microsOfIso, RepeatingTask, type Schedule } from '@distributary/distribution-service';
import { OWN_SERVICE } from '../events/own-service.js';
import { storedEventOf } from '../events/stored-event.js';
import type { ActiveAlert, ActiveAlerts, AlertChange, AlertListener } from './active-alerts.js';
import { alertEvent, alertIdOf, orphanResolved } from './alert-event.js';
import type { AlertRule } from './alert-rule.js';
import { QUIET, watch, type WatchState } from './threshold-watch.js';

interface Watch {
  readonly rule: AlertRule;
  readonly service: string;
  readonly seriesKey: string;
  state: WatchState;
  lastSeenMs: number;
  /** What the log told of the series is based on figures up to here, which may be read later: they are not judged again. */
  heedsFromMicros: number;
}

/** Where alerts are told; see `Announcements`. */
export interface AlertOutlet {
  add(events: readonly MonitoringEventInput[], subject: string): void;
  /** Whether it was added, and the log has not shown it before this turn. */
  has(eventId: string): boolean;
  /** Another process has told it, under another id. */
  forget(subject: string): void;
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
 *
 * Every worker evaluates and one tells. From the same figures all conclude the same under the same ids; one that began to
 * look later takes up what the log says that another has told, so that all are where the one that tells is.
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
    private readonly outlet: AlertOutlet,
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
    for (const active of [...this.activeAlerts.values()]) {
      const { alert, sourceRoutingKey } = active;
      if (alert.source_service !== OWN_SERVICE || sourceRoutingKey === undefined) continue;
      if (this.rules.some(({ id }) => id === alert.rule_id)) this.takeUp(active);
      else this.outlet.add([orphanResolved(alert, this.clock.nowMicros())], alert.alert_id);
    }
  }

  /** Another worker told one of ours, or somebody resolved it: then the rule begins anew. */
  changed({ kind, alert: active, atMicros }: AlertChange): void {
    if (kind !== 'resolved') return this.takeUp(active);
    const known = this.watches.get(this.keyOf(active) ?? '');
    if (known?.state.kind !== 'firing' || idOf(known, known.state.sinceMicros) !== active.alert.alert_id) return;
    known.state = QUIET;
    known.heedsFromMicros = atMicros + 1;
  }

  private takeUp(active: ActiveAlert): void {
    const { alert, sourceRoutingKey = '' } = active;
    const rule = this.rules.find(({ id }) => id === alert.rule_id);
    const key = this.keyOf(active);
    if (alert.source_service !== OWN_SERVICE || rule === undefined || key === undefined) return;
    // What this process concluded itself it has taken into account, and perhaps more since.
    if (this.outlet.has(`${alert.alert_id}:raised`)) return;
    const known = this.watches.get(key);
    const sinceMicros = microsOfIso(alert.started_at);
    if (known?.state.kind === 'firing') {
      const knownId = idOf(known, known.state.sinceMicros);
      if (knownId === alert.alert_id) return;
      if (this.activeAlerts.find(knownId) !== undefined) {
        // Two workers told, neither knowing of the other: the one that began first stays.
        const isYounger = known.state.sinceMicros < sinceMicros;
        this.endTwin(known, isYounger ? sinceMicros : known.state.sinceMicros, key);
        if (isYounger) return;
      } else this.outlet.forget(key);
    } else this.outlet.forget(key);
    this.watches.set(key, {
      rule,
      service: alert.service_name,
      seriesKey: sourceRoutingKey,
      state: { kind: 'firing', sinceMicros },
      lastSeenMs: this.clock.monotonicMs(),
      heedsFromMicros: sinceMicros,
    });
  }

  private endTwin(watched: Watch, sinceMicros: number, key: string): void {
    const { rule, service, seriesKey } = watched;
    const occurrence = { alertId: idOf(watched, sinceMicros), rule, service, seriesKey, sinceMicros };
    const message = 'an alert that began earlier says the same';
    this.outlet.add([alertEvent(occurrence, 'resolved', this.clock.nowMicros(), { message })], key);
  }

  private keyOf({ alert, sourceRoutingKey }: ActiveAlert): string | undefined {
    const rule = this.rules.find(({ id }) => id === alert.rule_id);
    return rule === undefined || sourceRoutingKey === undefined
      ? undefined
      : watchKey(rule, sourceRoutingKey, alert.service_name);
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
    if (known !== undefined && timeMicros < known.heedsFromMicros) {
      known.lastSeenMs = this.clock.monotonicMs();
      return;
    }
    const before = known?.state ?? QUIET;
    const { state, change } = watch(rule, before, value, timeMicros);
    if (state.kind === 'quiet') this.watches.delete(key);
    else if (known !== undefined) {
      known.state = state;
      known.lastSeenMs = this.clock.monotonicMs();
      known.heedsFromMicros = -Infinity;
    } else if (this.watches.size >= this.capacity) {
      this.ignored++;
      return;
    } else {
      const lastSeenMs = this.clock.monotonicMs();
      this.watches.set(key, { rule, service, seriesKey, state, lastSeenMs, heedsFromMicros: -Infinity });
    }
    if (change === undefined) return;
    const sinceMicros = state.kind === 'firing' ? state.sinceMicros : (before as { sinceMicros: number }).sinceMicros;
    const alertId = alertIdOf(rule, seriesKey, service, sinceMicros);
    const message = change === 'resolved' ? `${rule.metric} is back at ${value}` : undefined;
    const event = alertEvent({ alertId, rule, service, seriesKey, sinceMicros }, change, timeMicros, {
      value,
      ...(unit === undefined ? {} : { unit }),
      ...(message === undefined ? {} : { message }),
    });
    this.outlet.add([event], key);
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
      this.outlet.add([alertEvent(occurrence, 'resolved', this.clock.nowMicros(), { message })], key);
    }
  }
}

const watchKey = (rule: AlertRule, seriesKey: string, service: string) => `${rule.id}\n${seriesKey}\n${service}`;

const idOf = ({ rule, seriesKey, service }: Watch, sinceMicros: number) =>
  alertIdOf(rule, seriesKey, service, sinceMicros);
