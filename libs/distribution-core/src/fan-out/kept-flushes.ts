import type { Flush } from './feed.js';

const MIN_KEPT_BYTES = 64 * 1024;

/** The last flushes of a feed, one after the other without a hole, for members that fall a little behind. */
export class KeptFlushes {
  private flushes: Flush[] = [];
  private bytes = 0;

  /** The flush of this number, if it is still kept. */
  at(sequence: number): Flush | undefined {
    const first = this.flushes[0]?.sequence;
    return first === undefined ? undefined : this.flushes[sequence - first];
  }

  keep(flush: Flush): void {
    this.flushes.push(flush);
    this.bytes += flush.bytes.length;
  }

  /** There is a flush that is not kept: those before it are of no use. */
  clear(): void {
    if (this.flushes.length === 0) return;
    this.flushes = [];
    this.bytes = 0;
  }

  limit(bytes: number): void {
    const limit = Math.max(MIN_KEPT_BYTES, bytes);
    while (this.bytes > limit) this.bytes -= (this.flushes.shift() as Flush).bytes.length;
  }
}
