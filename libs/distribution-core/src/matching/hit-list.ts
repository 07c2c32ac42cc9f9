import type { AttributeSlot } from './attribute-slot.js';
import type { BatchView } from './batch-view.js';

/** Sorting by insertion wins below this. */
const FEW = 24;

/** The values of a batch under which something was found: a linked list of (slot, code) in arrays that are reused. */
export class HitList {
  private readonly slots: AttributeSlot[] = [];
  private codes = new Uint32Array(256);
  private next = new Int32Array(256);
  private size = 0;

  clear(): void {
    this.size = 0;
  }

  /** Lets `previous` (or -1) follow the new hit, whose number it returns. */
  push(slot: AttributeSlot, code: number, previous: number): number {
    if (this.size === this.codes.length) {
      this.codes = grown(this.codes, new Uint32Array(this.size * 2));
      this.next = grown(this.next, new Int32Array(this.size * 2));
    }
    this.slots[this.size] = slot;
    this.codes[this.size] = code;
    this.next[this.size] = previous;
    return this.size++;
  }

  /** Writes the events of a chain of hits, ascending and each once; returns how many. */
  gather(view: BatchView, first: number, out: Uint32Array): number {
    let count = 0;
    for (let hit = first; hit >= 0; hit = this.next[hit]) {
      count = this.slots[hit].copyEventsOf(view, this.codes[hit], out, count);
    }
    return this.next[first] < 0 ? count : ascending(out, count);
  }
}

function grown<T extends Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function ascending(list: Uint32Array, count: number): number {
  if (count > FEW) list.subarray(0, count).sort();
  else {
    for (let at = 1; at < count; at++) {
      const value = list[at];
      let place = at;
      for (; place > 0 && list[place - 1] > value; place--) list[place] = list[place - 1];
      list[place] = value;
    }
  }
  let kept = 0;
  for (let at = 0; at < count; at++) if (at === 0 || list[at] !== list[at - 1]) list[kept++] = list[at];
  return kept;
}
