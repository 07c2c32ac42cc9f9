import type { InfrastructureState } from '@distributary/contracts';
import type { Clock } from '@distributary/distribution-core';

export interface DependencyStatus {
  readonly state: InfrastructureState;
  readonly latencyMs?: number;
  /** For people; holds nothing secret. */
  readonly detail?: string;
}

/** Something that this service needs: the broker, the database. */
export interface DependencyCheck {
  readonly name: string;
  /** Cheap; may reject, which means down. */
  check(): Promise<{
    readonly state?: InfrastructureState;
    readonly latencyMs?: number;
    readonly detail?: string;
  } | void>;
}

/** Never rejects, and never takes longer than the timeout. A measured latency is filled in where the check gave none. */
export function checkWithTimeout(check: DependencyCheck, clock: Clock, timeoutMs: number): Promise<DependencyStatus> {
  const startMs = clock.monotonicMs();
  return new Promise((resolve) => {
    const cancel = clock.after(timeoutMs, () => resolve({ state: 'down', detail: `no answer within ${timeoutMs} ms` }));
    const settle = (status: DependencyStatus) => {
      cancel();
      resolve(status);
    };
    Promise.resolve()
      .then(() => check.check())
      .then(
        (answer) =>
          settle({ state: 'up', latencyMs: Math.round((clock.monotonicMs() - startMs) * 1000) / 1000, ...answer }),
        // The error's text may hold addresses and credentials; it is in the log of whoever met it.
        () => settle({ state: 'down', detail: 'the check failed' }),
      );
  });
}
