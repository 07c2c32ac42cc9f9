import { type Clock, pause } from '@distributary/distribution-core';

/** Timers cannot be set for longer than 24 days. */
const LONGEST_PAUSE_MS = 24 * 3_600_000;

/**
 * When events are due that are to come `speed` times as fast as they happened; the first one is due at once. Never ahead of
 * its time; whoever was slow is not held up once more.
 */
export class Pace {
  private first: { readonly timeMicros: number; readonly atMs: number } | undefined;

  constructor(
    private readonly clock: Clock,
    /** 0: whatever is there is due. */
    private readonly speed: number,
  ) {}

  isDue(timeMicros: number): boolean {
    return this.leftMs(timeMicros) <= 0;
  }

  /** Until it is due, or nobody waits any more. */
  async wait(timeMicros: number, signal: AbortSignal): Promise<void> {
    for (let left = this.leftMs(timeMicros); left > 0 && !signal.aborted; left = this.leftMs(timeMicros)) {
      await pause(this.clock, Math.min(Math.ceil(left), LONGEST_PAUSE_MS), signal);
    }
  }

  private leftMs(timeMicros: number): number {
    if (this.speed === 0) return 0;
    const now = this.clock.monotonicMs();
    this.first ??= { timeMicros, atMs: now };
    return this.first.atMs + (timeMicros - this.first.timeMicros) / 1_000 / this.speed - now;
  }
}
