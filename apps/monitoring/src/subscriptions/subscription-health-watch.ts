import { createHash } from 'node:crypto';
import type { Alert, AlertLevel, MonitoringEventInput } from '@distributary/contracts';
import {
  type Clock,
  DEFAULT_TENANT,
  type DurableSubscription,
  type HealthProblem,
  type HealthProblemKind,
  type SubscriptionHealth,
} from '@distributary/distribution-core';
import { URGENCY } from '../alerts/alert-event.js';
import {
  type FailureLog,
  isoOfMicros,
  RepeatingTask,
  type Schedule,
  stampOfMicros,
} from '@distributary/distribution-service';
import { OWN_SERVICE } from '../events/own-service.js';

export interface SubscriptionHealthWatchDependencies {
  readonly subscriptions: { list(options: { readonly tenant: string }): Promise<readonly DurableSubscription[]> };
  readonly health: { of(subscription: DurableSubscription): Promise<SubscriptionHealth> };
  /** Whether somebody receives it in this process. */
  readonly isLocal: (subscriptionId: string) => boolean;
  /** One process looks at those that nobody receives, or that are there no more. */
  readonly looksAtUnowned: () => boolean;
  readonly alerts: { readonly isReady: boolean; values(): Iterable<{ readonly alert: Alert }> };
  readonly outbox: { add(events: readonly MonitoringEventInput[]): void };
  readonly clock: Clock;
  readonly log: FailureLog;
  readonly intervalMs?: number;
}

const INTERVAL_MS = 10_000;
/** Looked at in one round; more take their turn in the next ones. */
const MAX_PER_ROUND = 200;
const RULE_PREFIX = 'subscription_';

const SEVERITIES: Readonly<Record<HealthProblemKind, AlertLevel>> = {
  lag: 'WARNING',
  no_ack: 'WARNING',
  redelivery: 'WARNING',
  slow: 'INFO',
};

/**
 * Raises an alert for each thing that is wrong with a durable subscription, and resolves it when it is not wrong any more,
 * through the service itself. What is active is what the log says, so a restart goes on where it was. Each process watches
 * what it delivers, and one of them what nobody receives; equal findings have equal ids. Subscriptions of other tenants are not spoken
 * of, since these alerts are everybody's to read who may read alerts of the default tenant.
 */
export class SubscriptionHealthWatch implements Schedule {
  private readonly task: RepeatingTask;
  private next = 0;

  constructor(private readonly deps: SubscriptionHealthWatchDependencies) {
    const { clock, log, intervalMs = INTERVAL_MS } = deps;
    this.task = new RepeatingTask('subscription-health', intervalMs, clock, () => this.round(), log);
  }

  start(): void {
    this.task.start();
  }

  stop(): Promise<void> {
    return this.task.stop();
  }

  /** Until then nobody knows which alerts are active already. */
  private async round(): Promise<void> {
    const { subscriptions, alerts, outbox } = this.deps;
    if (!alerts.isReady) return;
    const all = await subscriptions.list({ tenant: DEFAULT_TENANT });
    const known = new Set(all.map(({ subscriptionId }) => subscriptionId));
    const active = activeByProblem(alerts.values());
    if (this.deps.looksAtUnowned()) {
      for (const [, alert] of active) if (!known.has(subscriptionOf(alert))) outbox.add([this.resolved(alert)]);
    }
    const first = this.next % Math.max(1, all.length);
    this.next = first + MAX_PER_ROUND;
    let failed: { readonly error: unknown } | undefined;
    for (const subscription of [...all.slice(first), ...all.slice(0, first)].slice(0, MAX_PER_ROUND)) {
      // One whose log does not answer hides none of the others.
      await this.look(subscription, active).catch((error: unknown) => (failed ??= { error }));
    }
    if (failed !== undefined) throw failed.error;
  }

  private async look(subscription: DurableSubscription, active: ReadonlyMap<string, Alert>): Promise<void> {
    const { health, isLocal, looksAtUnowned, outbox } = this.deps;
    const { subscriptionId } = subscription;
    const found = await health.of(subscription);
    if (found.isOwned ? !isLocal(subscriptionId) : !looksAtUnowned()) return;
    const problems = new Map(found.problems.map((problem) => [keyOf(subscriptionId, problem.kind), problem]));
    for (const [key, problem] of problems) {
      if (!active.has(key)) outbox.add([raised(subscription, problem, this.deps.clock.nowMicros())]);
    }
    for (const [key, alert] of active) {
      if (subscriptionOf(alert) === subscriptionId && !problems.has(key)) outbox.add([this.resolved(alert)]);
    }
  }

  private resolved(alert: Alert): MonitoringEventInput {
    const { alert_id, service_name, severity, rule_id, started_at, metric_name } = alert;
    const resolved_at = isoOfMicros(this.deps.clock.nowMicros());
    const message = `subscription ${subscriptionOf(alert)} does well again`;
    return {
      event_id: `${alert_id}:resolved`,
      timestamp: resolved_at,
      data_type: 'ALERTS',
      data: {
        alert_id,
        service_name,
        severity,
        rule_id,
        metric_name,
        status: 'resolved',
        message,
        started_at,
        resolved_at,
      },
      metadata: { source_service: OWN_SERVICE, severity },
    };
  }
}

/** The subscription stands where a metric would: what the alert is about. */
const subscriptionOf = ({ metric_name = '' }: Alert): string => metric_name.replace(/^subscription:/, '');

const keyOf = (subscriptionId: string, kind: string): string => `${kind} ${subscriptionId}`;

function activeByProblem(alerts: Iterable<{ readonly alert: Alert }>): Map<string, Alert> {
  const found = new Map<string, Alert>();
  for (const { alert } of alerts) {
    if (alert.source_service !== OWN_SERVICE || alert.rule_id?.startsWith(RULE_PREFIX) !== true) continue;
    found.set(keyOf(subscriptionOf(alert), alert.rule_id.slice(RULE_PREFIX.length)), alert);
  }
  return found;
}

function raised(
  { subscriptionId, subscriberService }: DurableSubscription,
  { kind, detail, sinceMicros }: HealthProblem,
  nowMicros: number,
): MonitoringEventInput {
  const severity = SEVERITIES[kind];
  const name = createHash('sha256').update(subscriptionId).digest('hex').slice(0, 12);
  const alertId = `alert_${RULE_PREFIX}${kind}_${name}_${stampOfMicros(sinceMicros)}`;
  return {
    event_id: `${alertId}:raised`,
    timestamp: isoOfMicros(nowMicros),
    data_type: 'ALERTS',
    data: {
      alert_id: alertId,
      service_name: subscriberService,
      severity,
      metric_name: `subscription:${subscriptionId}`,
      status: 'raised',
      rule_id: `${RULE_PREFIX}${kind}`,
      message: `subscription ${subscriptionId}: ${detail}`,
      started_at: isoOfMicros(sinceMicros),
    },
    metadata: { source_service: OWN_SERVICE, severity, urgency: URGENCY[severity] },
  };
}
