import type { Clock } from '../ports/clock.port.js';

const MIN_PAUSE_MS = 1;
/** Of the time that the last flush took. */
const PAUSE_SHARE = 0.5;

/**
 * When to flush: at the end of this turn if the last flush is long over, else after a pause of half the time that
 * the last flush took, counted from its end (at least 1 ms). So an idle process adds no wait, and a busy one gathers more events into
 * each write instead of spending its time on small ones. A pause counted from the start of the flush, or none while the
 * sockets are empty, collapses under load: on a fast link nothing is ever gathered.
 */
export class FlushPacer {
  private isRequested = false;
  private isStopped = false;
  private endedAtMs = Number.NEGATIVE_INFINITY;
  private tookMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly flush: () => void,
  ) {}

  request(): void {
    if (this.isRequested || this.isStopped) return;
    this.isRequested = true;
    const waitMs = this.endedAtMs + Math.max(MIN_PAUSE_MS, this.tookMs * PAUSE_SHARE) - this.clock.monotonicMs();
    if (waitMs > 0) this.clock.after(waitMs, this.run);
    else this.clock.soon(this.run);
  }

  stop(): void {
    this.isStopped = true;
  }

  private readonly run = (): void => {
    this.isRequested = false;
    if (this.isStopped) return;
    const startedAtMs = this.clock.monotonicMs();
    this.flush();
    this.endedAtMs = this.clock.monotonicMs();
    this.tookMs = this.endedAtMs - startedAtMs;
  };
}
