import type { MonitoringEventInput } from '@distributary/contracts';
import { type Clock, type Duty, type EventBatch, type Metrics, unqualified } from '@distributary/distribution-core';
import type { ActiveAlerts } from '../alerts/active-alerts.js';
import { AlertEvaluator } from '../alerts/alert-evaluator.js';
import { DEFAULT_ALERT_RULES } from '../alerts/alert-rule.js';
import type { MonitoringConfig } from '../config/monitoring.config.js';
import { Announcements } from '../duties/announcements.js';
import { DutyPublisher } from '../duties/duty-publisher.js';
import type { Duties } from '@distributary/distribution-service';
import { IncidentGrouping } from '../incidents/incident-grouping.js';
import type { OpenIncidents } from '../incidents/open-incidents.js';
import { performanceRules } from '../performance/performance-rules.js';
import type { MonitoringOutbox, MonitoringPublisher } from '../events/own-publishing.js';

export interface TellingParts {
  readonly duties: Duties;
  readonly publisher: MonitoringPublisher;
  readonly outboxOf: (through: MonitoringPublisher) => MonitoringOutbox;
  readonly activeAlerts: ActiveAlerts;
  readonly openIncidents: OpenIncidents;
  readonly config: MonitoringConfig;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Whoever begins to tell must first have read what is told already. */
  readonly caughtUp: (signal: AbortSignal) => Promise<void>;
  readonly onTaken: () => void;
}

/** What the service concludes from what everybody can read: all workers conclude it, and one of them tells. */
export interface Telling {
  readonly evaluator: AlertEvaluator;
  readonly duty: Duty;
  /** What is said here is said while this process tells, and else not at all. */
  readonly outlet: { add(events: readonly MonitoringEventInput[]): void };
  /** Alerts as the log shows them, by the catalog's name of their topic. */
  heard(batch: EventBatch, topic: string): void;
  stop(): Promise<void>;
}

export function createTelling(parts: TellingParts): Telling {
  const { duties, activeAlerts, openIncidents, config, clock, metrics } = parts;
  const duty = duties.add('alerts', {
    prepare: parts.caughtUp,
    onTaken: () => {
      announcements.taken();
      grouping.lead();
      parts.onTaken();
    },
    onLost: () => grouping.follow(),
  });
  const outbox = parts.outboxOf(new DutyPublisher(duty, parts.publisher));
  const announcements = new Announcements({ duty, outbox, clock, metrics });
  const rules = [...DEFAULT_ALERT_RULES, ...performanceRules(config)];
  const evaluator = new AlertEvaluator(rules, activeAlerts, announcements, clock);
  const grouping = new IncidentGrouping(activeAlerts, openIncidents, outbox, clock);
  return {
    evaluator,
    duty,
    outlet: {
      add: (events) => {
        if (duty.standing !== 'waiting') outbox.add(events);
      },
    },
    heard: (batch, topic) => {
      if (unqualified(topic) === topic) announcements.apply(batch);
    },
    stop: () => outbox.stop(),
  };
}
