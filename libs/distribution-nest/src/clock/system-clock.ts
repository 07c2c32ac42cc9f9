import type { Clock } from '@distributary/distribution-core';

/** More than this apart, and somebody has set the machine's clock: follow it. */
const TOLERATED_DRIFT_MS = 2;

/**
 * The machine's time. Microseconds come from the monotonic clock, laid over the wall clock, which has milliseconds only.
 */
export class SystemClock implements Clock {
  private originMs = performance.timeOrigin;

  nowMicros(): number {
    const sinceStartMs = performance.now();
    const wallMs = Date.now();
    // Date.now() is cut off to whole milliseconds: the middle of that millisecond is the best guess.
    if (Math.abs(this.originMs + sinceStartMs - (wallMs + 0.5)) > TOLERATED_DRIFT_MS) {
      this.originMs = wallMs + 0.5 - sinceStartMs;
    }
    return Math.round((this.originMs + sinceStartMs) * 1000);
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  }

  soon(callback: () => void): void {
    setImmediate(callback);
  }
}
