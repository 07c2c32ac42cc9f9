const WINDOW_MS = 10_000;

/** So many a second, averaged over about ten seconds, with what is older counting less and less. */
export class RateMeter {
  private weighted = 0;
  private atMs: number;

  constructor(nowMs: number) {
    this.atMs = nowMs;
  }

  add(amount: number, nowMs: number): void {
    this.decay(nowMs);
    this.weighted += amount;
  }

  perSecond(nowMs: number): number {
    this.decay(nowMs);
    return this.weighted / (WINDOW_MS / 1_000);
  }

  private decay(nowMs: number): void {
    this.weighted *= Math.exp((this.atMs - nowMs) / WINDOW_MS);
    this.atMs = nowMs;
  }
}
