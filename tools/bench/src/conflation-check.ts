/** What conflated subscribers got of one run's numbered events, told as it comes. */
export interface ConflationFindings {
  /** Events that were sent. */
  readonly sent: number;
  /** Events that later ones stand for. */
  readonly merged: number;
  /** Topics of a subscriber whose last event was not the newest that was accepted. */
  readonly notNewest: number;
  /** Updates of one topic at one subscriber within the window: of whoever got the fewest, and the most. */
  readonly fewestUpdates: number;
  readonly mostUpdates: number;
}

/** One subscriber of topics whose events `n` belong to topic `topicOf(n)`: each event was sent, or is counted as merged. */
export class ConflationCheck {
  /** Events that were sent or merged. */
  accountedFor = 0;
  outOfOrder = 0;
  private sent = 0;
  private readonly newest: Float64Array;
  private readonly updates: Float64Array;

  constructor(
    private readonly topics: number,
    private readonly topicOf: (sequence: number) => number,
  ) {
    this.newest = new Float64Array(topics).fill(-1);
    this.updates = new Float64Array(topics);
  }

  /** One frame. `merged`: what its events stand for, themselves included; absent: for themselves. */
  take(sequences: readonly number[], isInWindow: boolean, merged = sequences.length): void {
    this.accountedFor += merged;
    this.sent += sequences.length;
    for (const sequence of sequences) {
      const topic = this.topicOf(sequence);
      if (sequence <= this.newest[topic]) this.outOfOrder++;
      this.newest[topic] = Math.max(sequence, this.newest[topic]);
      if (isInWindow) this.updates[topic]++;
    }
  }

  /** `newestOf`: of each topic the last event that was accepted, -1 for none. */
  findings(newestOf: readonly number[]): ConflationFindings {
    let notNewest = 0;
    for (let topic = 0; topic < this.topics; topic++) if (this.newest[topic] !== newestOf[topic]) notNewest++;
    return {
      sent: this.sent,
      merged: this.accountedFor - this.sent,
      notNewest,
      fewestUpdates: Math.min(...this.updates),
      mostUpdates: Math.max(...this.updates),
    };
  }
}

export function addUpConflation(all: readonly ConflationFindings[]): ConflationFindings {
  const sum = (field: keyof ConflationFindings) => all.reduce((total, each) => total + each[field], 0);
  return {
    sent: sum('sent'),
    merged: sum('merged'),
    notNewest: sum('notNewest'),
    fewestUpdates: Math.min(...all.map(({ fewestUpdates }) => fewestUpdates)),
    mostUpdates: Math.max(...all.map(({ mostUpdates }) => mostUpdates)),
  };
}
