/** Where an event lies, as the answer to its producer says. */
export interface EventPlace {
  /** `topic#partition`. */
  readonly lane: string;
  readonly epoch: string;
  readonly position: string;
}

/** (from, to] of a lane, as it was announced to the receiver. */
export interface AnnouncedGap {
  readonly lane: string;
  readonly epoch: string;
  readonly from: string;
  readonly to: string;
}

export interface Judgement {
  /** Acknowledged to a producer. */
  readonly due: number;
  /** Distinct events that came, due or not. */
  readonly received: number;
  /** Due, never came. */
  readonly missing: number;
  /** Missing, and not inside a gap that was announced: each one is a defect. */
  readonly unannounced: number;
  /** Deliveries beyond the first of an event. */
  readonly duplicated: number;
  /** First deliveries that came after the first delivery of a later event of their key. */
  readonly outOfOrder: number;
  /** Came, but no producer ever sent it. */
  readonly unknown: number;
  /** The first few of whatever is wrong, to look them up. */
  readonly examples: readonly string[];
}

interface KeyHistory {
  /** By sequence: sent by its producer, acknowledged or not. */
  sent: number;
  readonly places: (EventPlace | undefined)[];
  readonly seen: Set<number>;
  highest: number;
  /** Everything before it was announced as merged into it. */
  superseded: number;
}

const MAX_EXAMPLES = 10;

/**
 * What was due against what came, by the producers' own list. It knows nothing of the service: an event is its key and
 * its number within the key, which its producer counts from 0 without a hole.
 */
export class LossLedger {
  private readonly keys = new Map<string, KeyHistory>();
  private readonly gaps: AnnouncedGap[] = [];
  private readonly copies = new Map<string, EventPlace[]>();
  private readonly examples: string[] = [];
  private dueCount = 0;
  private receivedCount = 0;
  private duplicated = 0;
  private outOfOrder = 0;
  private unknown = 0;

  /** Before it leaves its producer. Sequences of a key ascend by one. */
  sent(key: string, sequence: number): void {
    const history = this.historyOf(key);
    if (sequence !== history.sent)
      throw new Error(`producers count without a hole: ${key} ${sequence} after ${history.sent - 1}`);
    history.sent++;
  }

  /** From now on it is due. */
  acknowledged(key: string, sequence: number, place: EventPlace): void {
    const { places } = this.historyOf(key);
    if (places[sequence] === undefined) this.dueCount++;
    places[sequence] = place;
  }

  /** Another copy of it lies here: what is announced of one of them is announced of the event. */
  copied(key: string, sequence: number, place: EventPlace): void {
    const name = `${key} ${sequence}`;
    this.copies.set(name, [...(this.copies.get(name) ?? []), place]);
  }

  received(key: string, sequence: number): void {
    const history = this.keys.get(key);
    if (history === undefined || sequence >= history.sent) {
      this.unknown++;
      this.note(`unknown ${key} ${sequence}`);
      return;
    }
    if (history.seen.has(sequence)) {
      this.duplicated++;
      return;
    }
    history.seen.add(sequence);
    this.receivedCount++;
    if (sequence < history.highest) {
      this.outOfOrder++;
      this.note(`out of order ${key} ${sequence} after ${history.highest}`);
    } else history.highest = sequence;
  }

  /** It came, and stands for the earlier ones of its key that did not. */
  superseded(key: string, bySequence: number): void {
    const history = this.historyOf(key);
    history.superseded = Math.max(history.superseded, bySequence);
  }

  announced(gap: AnnouncedGap): void {
    this.gaps.push(gap);
  }

  get due(): number {
    return this.dueCount;
  }

  /** All that was due has come. Cheap enough to be asked in a loop while much is under way. */
  get isComplete(): boolean {
    if (this.receivedCount < this.dueCount) return false;
    return this.judge().missing === 0;
  }

  judge(): Judgement {
    let missing = 0;
    let unannounced = 0;
    const examples = [...this.examples];
    for (const [key, { places: due, seen, superseded }] of this.keys) {
      due.forEach((place, sequence) => {
        if (place === undefined || seen.has(sequence)) return;
        missing++;
        const copies = this.copies.get(`${key} ${sequence}`) ?? [];
        const places = [place, ...copies];
        if (sequence < superseded || places.some((each) => this.isAnnounced(each))) return;
        unannounced++;
        if (examples.length < MAX_EXAMPLES) {
          const found = copies.map(({ lane, position }) => `, found at ${lane} ${position}`).join('');
          examples.push(`missing ${key} ${sequence} at ${place.lane} ${place.position}${found}`);
        }
      });
    }
    const { dueCount: due, receivedCount: received, duplicated, outOfOrder, unknown } = this;
    return { due, received, missing, unannounced, duplicated, outOfOrder, unknown, examples };
  }

  private isAnnounced({ lane, epoch, position }: EventPlace): boolean {
    return this.gaps.some(
      (gap) => gap.lane === lane && gap.epoch === epoch && gap.from < position && position <= gap.to,
    );
  }

  private historyOf(key: string): KeyHistory {
    let history = this.keys.get(key);
    if (history === undefined) {
      history = { sent: 0, places: [], seen: new Set(), highest: -1, superseded: -1 };
      this.keys.set(key, history);
    }
    return history;
  }

  private note(example: string): void {
    if (this.examples.length < MAX_EXAMPLES) this.examples.push(example);
  }
}
