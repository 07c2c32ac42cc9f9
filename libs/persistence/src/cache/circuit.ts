import type { Clock } from '@distributary/distribution-core';

export interface CircuitLimits {
  /** In a row, before nothing is asked any more. */
  readonly failures: number;
  /** Until one is let through to try. */
  readonly openMs: number;
  /** At a time; more are refused. */
  readonly maxInFlight: number;
}

export const DEFAULT_CIRCUIT_LIMITS: CircuitLimits = { failures: 5, openMs: 1_000, maxInFlight: 1_000 };

/**
 * closed  calls go through; after some failures in a row it opens.
 * open    no call goes through, until its time is over.
 * trying  one call goes through; its success closes, its failure opens again.
 */
export type CircuitState = 'closed' | 'open' | 'trying';

/** Keeps callers from waiting, each its whole time-out, for what does not answer. */
export class Circuit {
  private failuresInARow = 0;
  private inFlight = 0;
  private openUntilMs = 0;
  private current: CircuitState = 'closed';

  constructor(
    private readonly clock: Clock,
    private readonly limits: CircuitLimits = DEFAULT_CIRCUIT_LIMITS,
  ) {}

  get state(): CircuitState {
    return this.current;
  }

  /** Undefined: it was not called, or it failed. Never rejects. */
  async call<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    if (!this.mayCall()) return undefined;
    this.inFlight++;
    try {
      const result = await work();
      this.failuresInARow = 0;
      this.current = 'closed';
      return result;
    } catch {
      this.failed();
      return undefined;
    } finally {
      this.inFlight--;
    }
  }

  private mayCall(): boolean {
    if (this.inFlight >= this.limits.maxInFlight || this.current === 'trying') return false;
    if (this.current === 'closed') return true;
    if (this.clock.monotonicMs() < this.openUntilMs) return false;
    this.current = 'trying';
    return true;
  }

  private failed(): void {
    this.failuresInARow++;
    if (this.current !== 'trying' && this.failuresInARow < this.limits.failures) return;
    this.current = 'open';
    this.openUntilMs = this.clock.monotonicMs() + this.limits.openMs;
  }
}
