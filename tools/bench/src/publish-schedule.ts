/**
 * What is due when, whatever the receiver does: an open loop. A receiver that is slow makes the waiting longer, and
 * the waiting is in the latency, because each event bears the time at which it was due.
 */
export class PublishSchedule {
  readonly total: number;
  private next = 0;

  constructor(
    private readonly startMicros: number,
    private readonly eventsPerSecond: number,
    seconds: number,
  ) {
    this.total = Math.floor(eventsPerSecond * seconds);
  }

  get isOver(): boolean {
    return this.next >= this.total;
  }

  /** Sequences that have become due since the last call: [from, to). */
  takeDue(nowMicros: number): readonly [from: number, to: number] {
    const from = this.next;
    const due = Math.floor(((nowMicros - this.startMicros) * this.eventsPerSecond) / 1e6) + 1;
    this.next = Math.max(from, Math.min(this.total, due));
    return [from, this.next];
  }

  dueMicros(sequence: number): number {
    return this.startMicros + (sequence * 1e6) / this.eventsPerSecond;
  }
}
