import type { Clock } from '../../ports/clock.port.js';
import type { Entry } from './entry.js';

interface Deadline {
  readonly entry: Entry;
  readonly attempt: number;
  readonly dueMs: number;
}

/** Until when deliveries are to be acknowledged, one timer for all of them. */
export class AckDeadlines {
  /** Oldest first: every delivery has the same time. */
  private readonly deadlines: Deadline[] = [];
  private cancelAlarm: () => void = () => undefined;
  private alarmMs = Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly timeoutMs: number,
    /** Entries of which the same delivery is held still, oldest first; they may be none. */
    private readonly onOverdue: (entries: readonly Entry[]) => void,
  ) {}

  /** Of an entry that has just been given out. */
  add(entry: Entry, nowMs: number): void {
    this.deadlines.push({ entry, attempt: entry.attempt, dueMs: nowMs + this.timeoutMs });
  }

  /** For the oldest delivery that is still held. */
  setAlarm(): void {
    const { deadlines, clock } = this;
    while (deadlines.length > 0 && !isOpen(deadlines[0])) deadlines.shift();
    const dueMs = deadlines[0]?.dueMs ?? Infinity;
    if (dueMs === this.alarmMs) return;
    this.stop();
    this.alarmMs = dueMs;
    if (dueMs < Infinity) this.cancelAlarm = clock.after(dueMs - clock.monotonicMs(), () => this.ring());
  }

  /** Nothing is overdue until the alarm is set again. */
  stop(): void {
    this.cancelAlarm();
    this.alarmMs = Infinity;
  }

  private ring(): void {
    this.alarmMs = Infinity;
    const nowMs = this.clock.monotonicMs();
    let due = 0;
    while (due < this.deadlines.length && this.deadlines[due].dueMs <= nowMs) due++;
    const overdue = this.deadlines.splice(0, due).filter(isOpen);
    this.onOverdue(overdue.map(({ entry }) => entry));
  }
}

const isOpen = ({ entry, attempt }: Deadline): boolean => entry.state === 'held' && entry.attempt === attempt;
