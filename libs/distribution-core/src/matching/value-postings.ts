import type { AttributeValue } from '../event.js';
import type { AttributeSlot } from './attribute-slot.js';
import type { BatchView } from './batch-view.js';

/** A second equality of an entry: only events that have this value, too, need look at it. */
export interface SecondValue {
  readonly slot: AttributeSlot;
  readonly value: AttributeValue;
}

/** Entries of one value of the first attribute, by their values of one second attribute. */
interface SecondPostings<T> {
  readonly slot: AttributeSlot;
  readonly byValue: Map<AttributeValue, T[]>;
}

interface Posting<T> {
  readonly plain: T[];
  readonly seconds: SecondPostings<T>[];
  size: number;
}

/**
 * Who waits for a value. Entries that ask for a value of another attribute as well are found only by events that have
 * both: an event of a crowded value looks at the few of its neighbours that it may be for.
 */
export class ValuePostings<T> {
  private readonly postings = new Map<AttributeValue, Posting<T>>();

  /** Distinct values. */
  get size(): number {
    return this.postings.size;
  }

  neighboursOf(value: AttributeValue): number {
    return this.postings.get(value)?.size ?? 0;
  }

  add(value: AttributeValue, entry: T, second: SecondValue | undefined): void {
    let posting = this.postings.get(value);
    if (posting === undefined) {
      posting = { plain: [], seconds: [], size: 0 };
      this.postings.set(value, posting);
    }
    posting.size++;
    if (second === undefined) posting.plain.push(entry);
    else push(secondOf(posting, second.slot).byValue, second.value, entry);
  }

  remove(value: AttributeValue, entry: T, second: SecondValue | undefined): void {
    const posting = this.postings.get(value);
    if (posting === undefined) return;
    if (second === undefined) {
      if (!pull(posting.plain, entry)) return;
    } else {
      const postings = posting.seconds.find(({ slot }) => slot === second.slot);
      const list = postings?.byValue.get(second.value);
      if (postings === undefined || list === undefined || !pull(list, entry)) return;
      if (list.length === 0) postings.byValue.delete(second.value);
      if (postings.byValue.size === 0) posting.seconds.splice(posting.seconds.indexOf(postings), 1);
    }
    if (--posting.size === 0) this.postings.delete(value);
  }

  /** For the events that have `value`, whose code in the column of `first` is `code`. */
  find(view: BatchView, first: AttributeSlot, code: number, value: AttributeValue, visit: (entry: T) => void): void {
    const posting = this.postings.get(value);
    if (posting === undefined) return;
    for (const entry of posting.plain) visit(entry);
    for (const { slot, byValue } of posting.seconds) {
      const column = slot.column(view);
      if (column === undefined) continue;
      const { index, dictionary } = column;
      const events = first.countOf(view, code);
      slot.beginSeen(dictionary.length);
      for (let nth = 0; nth < events; nth++) {
        const second = index[first.eventOf(code, nth)];
        if (second === 0 || slot.wasSeen(second)) continue;
        const entries = byValue.get(dictionary[second - 1]);
        if (entries !== undefined) for (const entry of entries) visit(entry);
      }
    }
  }
}

function secondOf<T>(posting: Posting<T>, slot: AttributeSlot): SecondPostings<T> {
  let found = posting.seconds.find((second) => second.slot === slot);
  if (found === undefined) {
    found = { slot, byValue: new Map() };
    posting.seconds.push(found);
  }
  return found;
}

function push<K, T>(lists: Map<K, T[]>, key: K, entry: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [entry]);
  else list.push(entry);
}

function pull<T>(list: T[], entry: T): boolean {
  const at = list.indexOf(entry);
  if (at < 0) return false;
  list[at] = list[list.length - 1];
  list.pop();
  return true;
}
