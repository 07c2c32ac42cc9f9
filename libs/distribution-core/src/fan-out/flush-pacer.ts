import type { Clock } from '../ports/clock.port.js';

const MIN_PAUSE_MS = 1;
/** Of the time that the last round took. */
const PAUSE_SHARE = 0.5;

/**
 * When to flush. A round is begun at the end of this turn if the last one is long over, else after a pause of half
 * the time that the last one took, counted from its end (at least 1 ms). So an idle process adds no wait, and a busy one
 * gathers more events into each write instead of spending its time on small ones. A pause counted from the start of the
 * round, or none while the sockets are empty, collapses under load: on a fast link nothing is ever gathered.
 *
 * A round is done in slices, one a turn, so that what arrives meanwhile goes out with the feeds that are still to come,
 * and neither ingest nor confirmations wait for a thousand writes.
 */
export class FlushPacer {
  private isUnderway = false;
  private isStopped = false;
  private endedAtMs = Number.NEGATIVE_INFINITY;
  private tookMs = 0;

  constructor(
    private readonly clock: Clock,
    /** One slice; true if the round is not over. */
    private readonly flushSlice: () => boolean,
    private readonly hasMore: () => boolean,
  ) {}

  request(): void {
    if (this.isUnderway || this.isStopped) return;
    this.isUnderway = true;
    const waitMs = this.endedAtMs + Math.max(MIN_PAUSE_MS, this.tookMs * PAUSE_SHARE) - this.clock.monotonicMs();
    this.tookMs = 0;
    if (waitMs > 0) this.clock.after(waitMs, this.run);
    else this.clock.soon(this.run);
  }

  stop(): void {
    this.isStopped = true;
  }

  private readonly run = (): void => {
    if (this.isStopped) return;
    const startedAtMs = this.clock.monotonicMs();
    const isUnfinished = this.flushSlice();
    this.endedAtMs = this.clock.monotonicMs();
    this.tookMs += this.endedAtMs - startedAtMs;
    if (isUnfinished) return this.clock.soon(this.run);
    this.isUnderway = false;
    if (this.hasMore()) this.request();
  };
}
