import type { Clock } from '../ports/clock.port.js';

interface Alarm {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that moves only when told to, and calls back what fell due on the way, in order. */
export class FakeClock implements Clock {
  private elapsedMs = 0;
  private readonly alarms = new Set<Alarm>();

  constructor(private readonly startMicros = 1_750_000_000_000_000) {}

  nowMicros(): number {
    return this.startMicros + this.elapsedMs * 1000;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const alarm: Alarm = { dueMs: this.elapsedMs + delayMs, callback };
    this.alarms.add(alarm);
    return () => this.alarms.delete(alarm);
  }

  /** Due at once: called back by the next `advance`, also by `advance(0)`. */
  soon(callback: () => void): void {
    this.after(0, callback);
  }

  advance(byMs: number): void {
    const untilMs = this.elapsedMs + byMs;
    for (;;) {
      const due = [...this.alarms].filter((alarm) => alarm.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (due === undefined) break;
      this.elapsedMs = Math.max(this.elapsedMs, due.dueMs);
      this.alarms.delete(due);
      due.callback();
    }
    this.elapsedMs = untilMs;
  }

  get pendingAlarms(): number {
    return this.alarms.size;
  }
}
