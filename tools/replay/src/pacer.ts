import type { ClientClock } from 'distributary';

/** Rows that are due within this of each other go together. */
const TURN_MS = 20;
/** Node rings at once if a timer is set for longer than 24 days. */
const LONGEST_TIMER_MS = 24 * 3_600_000;

/**
 * When rows are due: as far apart as they were recorded, divided by the speed. A row that was recorded before the one that
 * came before it is due with that one; the order of the file is kept.
 */
export class Pacer {
  private begunAtMs: number | undefined;
  private firstMs = 0;
  private latestDueMs = 0;

  /** `speed`: Infinity is as fast as they are taken. */
  constructor(
    private readonly clock: ClientClock,
    private readonly speed: number,
  ) {}

  /** How long to wait for a row of that time, in milliseconds. Undefined: it has none, and goes with the one before. */
  waitMs(recordedMs: number | undefined): number {
    if (this.speed === Number.POSITIVE_INFINITY) return 0;
    const now = this.clock.monotonicMs();
    if (recordedMs !== undefined) {
      if (this.begunAtMs === undefined) {
        this.begunAtMs = now;
        this.firstMs = recordedMs;
      }
      const dueMs = (recordedMs - this.firstMs) / this.speed;
      this.latestDueMs = Math.max(this.latestDueMs, Math.floor(dueMs / TURN_MS) * TURN_MS);
    }
    return Math.max(0, (this.begunAtMs ?? now) + this.latestDueMs - now);
  }
}

/** Resolves after so long, or as soon as it is told to stop. */
export function pause(clock: ClientClock, ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve();
    const untilMs = clock.monotonicMs() + ms;
    let cancel = () => {};
    const end = () => {
      cancel();
      stop.removeEventListener('abort', end);
      resolve();
    };
    const wait = () => {
      const leftMs = untilMs - clock.monotonicMs();
      if (leftMs <= 0) end();
      else cancel = clock.after(Math.min(leftMs, LONGEST_TIMER_MS), wait);
    };
    stop.addEventListener('abort', end);
    wait();
  });
}
