import { savedUpAt } from '../../fan-out/rate.js';
import type { Clock } from '../../ports/clock.port.js';
import type { Allowance } from './competing-reader.js';

/** Events that are left of what a client granted and of what its rate allows. Infinite: not limited. */
export class CreditAllowance implements Allowance {
  private tokens: number;
  private tokensAtMs: number;

  constructor(
    private credit: number,
    /** Events per second. */
    private readonly maxRate: number,
    private readonly clock: Clock,
  ) {
    this.tokens = savedUpAt(maxRate);
    this.tokensAtMs = clock.monotonicMs();
  }

  events(): number {
    if (this.maxRate === Number.POSITIVE_INFINITY) return this.credit;
    const nowMs = this.clock.monotonicMs();
    const refill = (this.maxRate * (nowMs - this.tokensAtMs)) / 1000;
    this.tokens = Math.min(savedUpAt(this.maxRate), this.tokens + refill);
    this.tokensAtMs = nowMs;
    return Math.min(this.credit, Math.floor(this.tokens));
  }

  spend(events: number): void {
    this.credit -= events;
    this.tokens -= events;
  }

  grant(events: number): void {
    this.credit += events;
  }
}
