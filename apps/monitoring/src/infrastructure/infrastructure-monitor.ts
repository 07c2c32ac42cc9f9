import type { InfrastructureState, MonitoringEventInput } from '@distributary/contracts';
import type { Clock } from '@distributary/distribution-core';
import { isoOfMicros, RepeatingTask, type Schedule } from '@distributary/distribution-service';
import { OWN_SERVICE } from '../events/own-service.js';
import { checkWithTimeout, type DependencyCheck, type DependencyStatus } from './dependency-check.js';

export interface ComponentStatus extends DependencyStatus {
  readonly component: string;
}

export interface InfrastructureOptions {
  readonly checkEveryMs?: number;
  /** How often an unchanged status is said again. */
  readonly repeatEveryMs?: number;
  readonly timeoutMs?: number;
}

const SEVERITY: Readonly<Record<InfrastructureState, 'CRITICAL' | 'WARNING' | 'INFO'>> = {
  down: 'CRITICAL',
  degraded: 'WARNING',
  up: 'INFO',
};

/** Publishes INFRASTRUCTURE_STATUS of what this service depends on: at once when it changes, else from time to time. */
export class InfrastructureMonitor implements Schedule {
  private readonly schedule: RepeatingTask;
  private readonly statuses = new Map<string, { status: ComponentStatus; publishedMs: number }>();
  private readonly repeatEveryMs: number;
  private readonly timeoutMs: number;

  constructor(
    private readonly checks: readonly DependencyCheck[],
    private readonly outbox: { add(events: readonly MonitoringEventInput[]): void },
    private readonly clock: Clock,
    options: InfrastructureOptions = {},
  ) {
    this.repeatEveryMs = options.repeatEveryMs ?? 30_000;
    this.timeoutMs = options.timeoutMs ?? 2_000;
    this.schedule = new RepeatingTask('infrastructure', options.checkEveryMs ?? 5_000, clock, () => this.check());
  }

  start(): void {
    this.schedule.start();
  }

  stop(): Promise<void> {
    return this.schedule.stop();
  }

  /** All of it is said at the next check, as by one that begins: nobody knows what the one before said last. */
  sayAgain(): void {
    for (const known of this.statuses.values()) known.publishedMs = -Infinity;
  }

  /** As found last; empty before the first check. */
  current(): readonly ComponentStatus[] {
    return [...this.statuses.values()].map(({ status }) => status);
  }

  private async check(): Promise<void> {
    await Promise.all(
      this.checks.map(async (check) => {
        const found = await checkWithTimeout(check, this.clock, this.timeoutMs);
        this.note({ component: check.name, ...found });
      }),
    );
  }

  private note(status: ComponentStatus): void {
    const nowMs = this.clock.monotonicMs();
    const before = this.statuses.get(status.component);
    const isNews = before?.status.state !== status.state || nowMs - before.publishedMs >= this.repeatEveryMs;
    this.statuses.set(status.component, { status, publishedMs: isNews ? nowMs : before.publishedMs });
    if (isNews) this.outbox.add([infrastructureEvent(status, isoOfMicros(this.clock.nowMicros()))]);
  }
}

function infrastructureEvent(
  { component, state, latencyMs, detail }: ComponentStatus,
  timestamp: string,
): MonitoringEventInput {
  return {
    event_id: `infrastructure:${component}:${timestamp}`,
    timestamp,
    data_type: 'INFRASTRUCTURE_STATUS',
    data: {
      service_name: OWN_SERVICE,
      component,
      state,
      ...(latencyMs === undefined ? {} : { latency_ms: Math.round(latencyMs * 1000) / 1000 }),
      ...(detail === undefined ? {} : { detail }),
    },
    // The same key whatever the severity, so that the newest status replaces the one before.
    routing: { routing_key: `${OWN_SERVICE}.infrastructure` },
    metadata: { source_service: OWN_SERVICE, severity: SEVERITY[state] },
  };
}
