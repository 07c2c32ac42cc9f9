import type { Clock } from '@distributary/distribution-core';
import type { LifecycleState } from '../lifecycle/lifecycle-state.js';
import { withDeadline } from '../lifecycle/with-deadline.js';

/** One thing that the service needs. `check` rejects if it is not there; it must be cheap. */
export interface HealthCheck {
  readonly name: string;
  /** Which of several it is: `kafka`. */
  readonly kind?: string;
  check(): Promise<void>;
}

export interface DependencyHealth {
  readonly name: string;
  readonly kind?: string;
  readonly status: 'up' | 'down';
  /** Never the text of the failure: that may hold addresses. It is in the log of whoever met it. */
  readonly reason?: 'failed' | 'timed_out';
  readonly took_ms: number;
}

export interface Readiness {
  readonly status: 'ready' | 'not_ready';
  readonly state: LifecycleState;
  readonly roles: readonly string[];
  readonly dependencies: readonly DependencyHealth[];
}

export class HealthService {
  constructor(
    private readonly lifecycle: { readonly state: LifecycleState },
    private readonly checks: readonly HealthCheck[],
    private readonly clock: Clock,
    private readonly timeoutMs: number,
    /** What this process does. */
    private readonly roles: readonly string[] = [],
  ) {}

  /** All checks at once. */
  async readiness(): Promise<Readiness> {
    const dependencies = await Promise.all(this.checks.map((check) => this.healthOf(check)));
    const { state } = this.lifecycle;
    const isReady = state === 'ready' && dependencies.every(({ status }) => status === 'up');
    return { status: isReady ? 'ready' : 'not_ready', state, roles: this.roles, dependencies };
  }

  private async healthOf(check: HealthCheck): Promise<DependencyHealth> {
    const beganMs = this.clock.monotonicMs();
    const reason = await withDeadline(this.clock, this.timeoutMs, () => check.check()).then(
      (ended) => (ended === 'timed_out' ? ended : undefined),
      () => 'failed' as const,
    );
    const took_ms = Math.round(this.clock.monotonicMs() - beganMs);
    const named = { name: check.name, ...(check.kind === undefined ? {} : { kind: check.kind }) };
    return reason === undefined ? { ...named, status: 'up', took_ms } : { ...named, status: 'down', reason, took_ms };
  }
}
