/** What one receiver got of one run's numbered events, told as it comes. */
export interface SequenceFindings {
  readonly received: number;
  readonly missing: number;
  readonly duplicated: number;
  /** First deliveries that came after a later event of the same key. */
  readonly outOfOrder: number;
}

export function addUpFindings(findings: readonly SequenceFindings[]): SequenceFindings {
  const sum = (field: keyof SequenceFindings) => findings.reduce((total, each) => total + each[field], 0);
  return {
    received: sum('received'),
    missing: sum('missing'),
    duplicated: sum('duplicated'),
    outOfOrder: sum('outOfOrder'),
  };
}

/** Events 0, 1, 2, … of which `n` has the key `n % keys`. Bounded by the count of events: one bit each. */
export class SequenceCheck {
  private seen = new Uint8Array(1024);
  private readonly latest: Float64Array;
  private received = 0;
  private duplicated = 0;
  private outOfOrder = 0;

  constructor(private readonly keys: number) {
    this.latest = new Float64Array(keys).fill(-1);
  }

  take(sequence: number): void {
    const byte = sequence >> 3;
    if (byte >= this.seen.length) this.grow(byte);
    const bit = 1 << (sequence & 7);
    if ((this.seen[byte] & bit) !== 0) {
      this.duplicated++;
      return;
    }
    this.seen[byte] |= bit;
    this.received++;
    const key = sequence % this.keys;
    if (sequence < this.latest[key]) this.outOfOrder++;
    else this.latest[key] = sequence;
  }

  /** Given that the events [0, total) were due. */
  findings(total: number): SequenceFindings {
    const { received, duplicated, outOfOrder } = this;
    return { received, missing: Math.max(0, total - received), duplicated, outOfOrder };
  }

  private grow(byte: number): void {
    const grown = new Uint8Array(Math.max(this.seen.length * 2, byte + 1));
    grown.set(this.seen);
    this.seen = grown;
  }
}
