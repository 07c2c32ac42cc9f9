/** A session may have this much sent and not confirmed, or a quarter of a second of its rate if that is more. */
export const MIN_UNCONFIRMED_LIMIT_BYTES = 256 * 1024;
const LIMIT_SECONDS = 0.25;
const MAX_OUTSTANDING_MARKS = 64;
/** Most sessions never have more: typed arrays this short lie on the heap, next to what they belong to. */
const FIRST_OUTSTANDING_MARKS = 4;

/**
 * Bytes sent and confirmed on one connection. About 4 MB can hide in the kernel before a socket shows back-pressure, so
 * the peer's confirmations of marks count and not what the socket says.
 *
 * Marks are numbers of the process, ascending; a confirmation of one confirms all that was sent before it. At most 64
 * are outstanding: later ones are forgotten, which only delays the confirmation to a later mark.
 */
export class UnconfirmedWindow {
  private sentBytes = 0;
  private confirmedBytes = 0;
  private markedBytes = 0;
  /** Pairs of mark and bytes sent with it, oldest first from `head`. */
  private marks: Float64Array | undefined;
  private head = 0;
  private outstanding = 0;
  limitBytes = MIN_UNCONFIRMED_LIMIT_BYTES;

  get unconfirmedBytes(): number {
    return this.sentBytes - this.confirmedBytes;
  }

  /** Sent after the last mark: no confirmation on its way will cover it. */
  get unmarkedBytes(): number {
    return this.sentBytes - this.markedBytes;
  }

  get totalSentBytes(): number {
    return this.sentBytes;
  }

  get hasOutstandingMarks(): boolean {
    return this.outstanding > 0;
  }

  setRate(bytesPerSecond: number): void {
    this.limitBytes = Math.max(MIN_UNCONFIRMED_LIMIT_BYTES, Math.trunc(bytesPerSecond * LIMIT_SECONDS));
  }

  sent(bytes: number, mark: number): void {
    this.sentBytes += bytes;
    if (mark === 0 || this.outstanding === MAX_OUTSTANDING_MARKS) return;
    this.markedBytes = this.sentBytes;
    const marks = this.marksWithRoom();
    const slot = (this.head * 2 + this.outstanding * 2) % marks.length;
    marks[slot] = mark;
    marks[slot + 1] = this.sentBytes;
    this.outstanding++;
  }

  /** True if this confirmed anything. An unknown mark confirms what came before it. */
  confirmed(mark: number): boolean {
    const { marks } = this;
    if (marks === undefined) return false;
    let advanced = false;
    while (this.outstanding > 0 && marks[this.head * 2] <= mark) {
      this.confirmedBytes = marks[this.head * 2 + 1];
      this.head = (this.head + 1) % (marks.length / 2);
      this.outstanding--;
      advanced = true;
    }
    return advanced;
  }

  /** Twice as many when they are full; the oldest comes first again. */
  private marksWithRoom(): Float64Array {
    const full = (this.marks ??= new Float64Array(FIRST_OUTSTANDING_MARKS * 2));
    if (this.outstanding * 2 < full.length) return full;
    const larger = new Float64Array(full.length * 2);
    larger.set(full.subarray(this.head * 2));
    larger.set(full.subarray(0, this.head * 2), full.length - this.head * 2);
    this.head = 0;
    return (this.marks = larger);
  }
}
