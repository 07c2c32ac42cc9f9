import type { Clock } from '../ports/clock.port.js';

export interface StepAllowanceLimits {
  /** Of each event; what most transformations cost, and what passes with the events themselves. */
  readonly freeSteps: number;
  /** Beyond those, of all events of one tenant. */
  readonly stepsPerSecond: number;
  /** What may be saved up. */
  readonly burst: number;
}

/** 500,000 steps take about 0.3 s of a core. */
export const DEFAULT_STEP_ALLOWANCE: StepAllowanceLimits = { freeSteps: 100, stepsPerSecond: 500_000, burst: 100_000 };

/**
 * What dear transformations of one tenant may cost together. Each event is bounded by itself; but there are many of them,
 * they are transformed where everybody is served, and who asks for it may have any number of transformations.
 */
export class StepAllowance {
  private steps: number;
  private filledAtMs: number;

  constructor(
    private readonly clock: Clock,
    private readonly limits: StepAllowanceLimits = DEFAULT_STEP_ALLOWANCE,
  ) {
    this.steps = limits.burst;
    this.filledAtMs = clock.monotonicMs();
  }

  /** Whether another event may be transformed. The one that uses it up may cost more than is left. */
  get isLeft(): boolean {
    if (this.steps > 0 && this.steps >= this.limits.burst / 2) return true;
    const nowMs = this.clock.monotonicMs();
    const filled = this.steps + ((nowMs - this.filledAtMs) * this.limits.stepsPerSecond) / 1000;
    this.steps = Math.min(this.limits.burst, filled);
    this.filledAtMs = nowMs;
    return this.steps > 0;
  }

  spend(steps: number): void {
    if (steps > this.limits.freeSteps) this.steps -= steps - this.limits.freeSteps;
  }
}

/** One for each tenant, made when it first asks. */
export class StepAllowances {
  private readonly known = new Map<string, StepAllowance>();

  constructor(
    private readonly clock: Clock,
    private readonly limits?: StepAllowanceLimits,
  ) {}

  of(tenant: string): StepAllowance {
    const known = this.known.get(tenant) ?? new StepAllowance(this.clock, this.limits);
    this.known.set(tenant, known);
    return known;
  }
}
