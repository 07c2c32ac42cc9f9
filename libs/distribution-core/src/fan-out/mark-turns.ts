/** After this much every member gets a mark at once… */
const MARK_ALL_EVERY_BYTES = 128 * 1024;
/**
 * …and before, each member within this time. Spread over the flushes, because a thousand confirmations that come at
 * once hold the loop up for as long as a whole flush does.
 */
const MARK_EACH_EVERY_MS = 500;

/** Whose turn it is to be marked: members that were written to since their last mark, around the list of the live ones. */
export class MarkTurns {
  private bytesSinceAll = 0;
  private countedAtMs = 0;
  /** Members that wait for a mark since the last data, counted from `next` on. */
  private waiting = 0;
  private next = 0;
  /** Members times milliseconds since a mark was sent last: one mark for each {@link MARK_EACH_EVERY_MS} of them. Whole, as the time is. */
  private due = 0;

  get isAnyWaiting(): boolean {
    return this.waiting > 0;
  }

  wrote(bytes: number, live: number): void {
    if (bytes > 0) this.waiting = live;
    this.bytesSinceAll += bytes;
  }

  /** How many of the `live` members are marked now. */
  take(nowMs: number, live: number): number {
    const elapsedMs = nowMs - this.countedAtMs;
    this.countedAtMs = nowMs;
    this.due = Math.min(live * MARK_EACH_EVERY_MS, this.due + live * elapsedMs);
    const isAllDue = this.bytesSinceAll >= MARK_ALL_EVERY_BYTES;
    if (isAllDue) this.bytesSinceAll = 0;
    const count = Math.min(this.waiting, isAllDue ? this.waiting : Math.floor(this.due / MARK_EACH_EVERY_MS));
    this.due = Math.max(0, this.due - count * MARK_EACH_EVERY_MS);
    this.waiting -= count;
    return count;
  }

  /** The first of the next `count` members; those after it are the ones that come later. */
  advance(count: number, live: number): number {
    const from = live === 0 ? 0 : this.next % live;
    this.next = from + count;
    return from;
  }
}
