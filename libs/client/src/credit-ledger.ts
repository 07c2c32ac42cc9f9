/** How many events may still come, and when to allow more: in halves, so that a grant is not sent per event. */
export class CreditLedger {
  private finished = 0;

  constructor(
    private readonly credit: number,
    private readonly grant: (events: number) => void,
  ) {}

  /** What a new subscription may be allowed while `held` events still wait here. */
  reset(held: number): number {
    this.finished = 0;
    return this.credit - held;
  }

  /**
   * `isIdle`: nothing else waits here. Then even a little is given back: what is left might not suffice for the
   * service's next frame, and both sides would wait.
   */
  done(events: number, isIdle: boolean): void {
    this.finished += events;
    if (this.finished === 0 || (this.finished * 2 < this.credit && !isIdle)) return;
    const granted = this.finished;
    this.finished = 0;
    this.grant(granted);
  }
}
