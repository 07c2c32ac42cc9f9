/**
 * A token bucket that lets through as long as there is anything in it, and then takes what it cost, so that one call larger
 * than a second's worth is possible, and paid for afterwards.
 */
export class DebtBucket {
  private tokens: number;
  private atMs: number;

  constructor(
    private perSecond: number,
    nowMs: number,
  ) {
    this.tokens = perSecond;
    this.atMs = nowMs;
  }

  /** A new rate; what was used already stays used. */
  setRate(perSecond: number): void {
    this.perSecond = perSecond;
    this.tokens = Math.min(this.tokens, perSecond);
  }

  /** Milliseconds until there is something in it again; 0: there is. */
  waitMs(nowMs: number): number {
    this.tokens = Math.min(this.perSecond, this.tokens + ((nowMs - this.atMs) * this.perSecond) / 1_000);
    this.atMs = nowMs;
    return this.tokens > 0 ? 0 : Math.max(1, Math.ceil(((1 - this.tokens) * 1_000) / this.perSecond));
  }

  take(amount: number): void {
    this.tokens -= amount;
  }
}
