import type { AttributeValue } from '../event.js';
import type { Column } from '../event-batch.js';
import type { BatchView } from './batch-view.js';

/** Below this many values a look through the dictionary is cheaper than a map of it. */
const SMALL_DICTIONARY = 8;

/**
 * One attribute of the batch at hand, with what matching derives from its column: made when it is first asked for,
 * good until the view is bound again.
 */
export class AttributeSlot {
  private boundTo = -1;
  private listedFor = -1;
  private found: Column | undefined;
  private codes: Map<AttributeValue, number> | undefined;
  private starts = new Uint32Array(64);
  private listed = new Uint32Array(64);
  private seen = new Uint32Array(16);
  private seenRound = 0;

  constructor(readonly attribute: string) {}

  column(view: BatchView): Column | undefined {
    if (this.boundTo !== view.serial) {
      this.boundTo = view.serial;
      this.found = view.batch.column(this.attribute);
      this.codes = undefined;
    }
    return this.found;
  }

  /** The code of a value in this batch, 0 if no event has it. */
  codeOf(view: BatchView, value: AttributeValue): number {
    const column = this.column(view);
    if (column === undefined) return 0;
    const { dictionary } = column;
    if (dictionary.length <= SMALL_DICTIONARY) return dictionary.indexOf(value) + 1;
    if (this.codes === undefined) {
      this.codes = new Map();
      for (let place = 0; place < dictionary.length; place++) this.codes.set(dictionary[place], place + 1);
    }
    return this.codes.get(value) ?? 0;
  }

  /** How many live events have the value of this code. */
  countOf(view: BatchView, code: number): number {
    this.list(view);
    return this.starts[code + 1] - this.starts[code];
  }

  /** The `nth` of the live events that have the value of this code; after {@link countOf}. */
  eventOf(code: number, nth: number): number {
    return this.listed[this.starts[code] + nth];
  }

  /** Of this round no code was seen yet. */
  beginSeen(values: number): void {
    if (this.seen.length <= values) this.seen = new Uint32Array(values * 2);
    // Wraps after four thousand million rounds.
    this.seenRound = (this.seenRound + 1) >>> 0;
    if (this.seenRound === 0) {
      this.seen.fill(0);
      this.seenRound = 1;
    }
  }

  /** Whether it was asked before in this round. */
  wasSeen(code: number): boolean {
    if (this.seen[code] === this.seenRound) return true;
    this.seen[code] = this.seenRound;
    return false;
  }

  /** Writes the live events that have the value of this code, ascending; returns the end. */
  copyEventsOf(view: BatchView, code: number, out: Uint32Array, at: number): number {
    this.list(view);
    const end = this.starts[code + 1];
    for (let place = this.starts[code]; place < end; place++) out[at++] = this.listed[place];
    return at;
  }

  /** Sorts the live events by code (counting sort, stable): `listed` from `starts[code]` on are those of a code. */
  private list(view: BatchView): void {
    if (this.listedFor === view.liveSerial) return;
    this.listedFor = view.liveSerial;
    const column = this.column(view) as Column;
    const codes = column.dictionary.length + 1;
    if (this.starts.length < codes + 2) this.starts = new Uint32Array(codes * 2 + 2);
    else this.starts.fill(0, 0, codes + 2);
    if (this.listed.length < view.liveCount) this.listed = new Uint32Array(view.liveCount * 2);
    const { starts, listed } = this;
    const { index } = column;
    const { live, liveCount } = view;
    // Shifted by one more, so that filling a code moves its start to where it belongs.
    for (let at = 0; at < liveCount; at++) starts[index[live[at]] + 2]++;
    for (let code = 2; code < codes + 2; code++) starts[code] += starts[code - 1];
    for (let at = 0; at < liveCount; at++) {
      const event = live[at];
      listed[starts[index[event] + 1]++] = event;
    }
  }
}
