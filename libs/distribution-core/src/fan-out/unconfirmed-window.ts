/** A session may have this much sent and not confirmed, or a quarter of a second of its rate if that is more. */
export const MIN_UNCONFIRMED_LIMIT_BYTES = 256 * 1024;
const LIMIT_SECONDS = 0.25;
const MAX_OUTSTANDING_MARKS = 64;

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
  private readonly marks = new Float64Array(MAX_OUTSTANDING_MARKS * 2);
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
    this.limitBytes = Math.max(MIN_UNCONFIRMED_LIMIT_BYTES, bytesPerSecond * LIMIT_SECONDS);
  }

  sent(bytes: number, mark: number): void {
    this.sentBytes += bytes;
    if (mark === 0 || this.outstanding === MAX_OUTSTANDING_MARKS) return;
    this.markedBytes = this.sentBytes;
    const slot = ((this.head + this.outstanding) % MAX_OUTSTANDING_MARKS) * 2;
    this.marks[slot] = mark;
    this.marks[slot + 1] = this.sentBytes;
    this.outstanding++;
  }

  /** True if this confirmed anything. An unknown mark confirms what came before it. */
  confirmed(mark: number): boolean {
    let advanced = false;
    while (this.outstanding > 0 && this.marks[this.head * 2] <= mark) {
      this.confirmedBytes = this.marks[this.head * 2 + 1];
      this.head = (this.head + 1) % MAX_OUTSTANDING_MARKS;
      this.outstanding--;
      advanced = true;
    }
    return advanced;
  }
}
