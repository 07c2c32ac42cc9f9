import type { AttributeValue } from '../event.js';
import type { AccessPoint } from './access.js';
import type { AttributeSlot } from './attribute-slot.js';
import type { BatchView } from './batch-view.js';
import { IntervalIndex } from './interval-index.js';
import { ONE_WORD, wordsOf } from './key-pattern.js';
import { PatternTrie } from './pattern-trie.js';
import { type SecondValue, ValuePostings } from './value-postings.js';

/** What part of the ranges an event is guessed to lie in, squared: scores of values are per key, and fall with the keys. */
const OPEN_RANGE_WEIGHT = 0.25;
const CLOSED_RANGE_WEIGHT = 0.015;

/** Finds, for a value of one attribute, whoever waits for it: by the value, a prefix, a range or a key pattern. */
export class AttributeIndex<T> {
  private readonly byValue = new ValuePostings<T>();
  private readonly byPrefix = new Map<string, T[]>();
  private readonly prefixLengths = new Map<number, number>();
  private readonly ranges = new IntervalIndex<T>();
  private readonly keys = new PatternTrie<T>(ONE_WORD);
  private readonly keyHeads = new Map<string, number>();
  size = 0;

  constructor(readonly slot: AttributeSlot) {}

  /**
   * Neighbours per key: what an event that is found here will find, times how likely it is found. The attribute with
   * the most values draws the entries, until one of its values has too many. `among` points of one clause bring as many
   * keys themselves: a list of symbols does not look crowded because it is the first one.
   */
  score(point: AccessPoint, among: number): number {
    switch (point.kind) {
      case 'value':
        return crowding(this.byValue.neighboursOf(point.value), this.byValue.size + among);
      case 'prefix':
        return crowding(this.byPrefix.get(point.prefix)?.length, this.byPrefix.size + among);
      case 'key':
        return crowding(this.keyHeads.get(point.words[0]), this.keyHeads.size + among);
      case 'range': {
        const { gt, gte, lt, lte } = point.range;
        const isClosed = (gt ?? gte) !== undefined && (lt ?? lte) !== undefined;
        return Math.max(1, this.ranges.size * (isClosed ? CLOSED_RANGE_WEIGHT : OPEN_RANGE_WEIGHT));
      }
    }
  }

  /** `second`: another equality of the entry, if it has one. */
  add(point: AccessPoint, entry: T, second?: SecondValue): void {
    this.size++;
    switch (point.kind) {
      case 'value':
        return this.byValue.add(point.value, entry, second);
      case 'prefix':
        count(this.prefixLengths, point.prefix.length, 1);
        return push(this.byPrefix, point.prefix, entry);
      case 'range':
        return this.ranges.add(point.range, entry);
      case 'key':
        count(this.keyHeads, point.words[0], 1);
        return this.keys.add(point.words, entry);
    }
  }

  /** With the same `second` as it was added. */
  remove(point: AccessPoint, entry: T, second?: SecondValue): void {
    this.size--;
    switch (point.kind) {
      case 'value':
        return this.byValue.remove(point.value, entry, second);
      case 'prefix':
        count(this.prefixLengths, point.prefix.length, -1);
        return pull(this.byPrefix, point.prefix, entry);
      case 'range':
        return this.ranges.remove(point.range, entry);
      case 'key':
        count(this.keyHeads, point.words[0], -1);
        return this.keys.remove(point.words, entry);
    }
  }

  /** For the value of this code in the batch that the view is bound to. */
  find(view: BatchView, code: number, value: AttributeValue, visit: (entry: T) => void): void {
    this.byValue.find(view, this.slot, code, value, visit);
    if (typeof value === 'number') {
      if (this.ranges.size > 0) this.ranges.stab(value, visit);
      return;
    }
    if (typeof value !== 'string') return;
    for (const length of this.prefixLengths.keys()) {
      const entries = length <= value.length ? this.byPrefix.get(value.slice(0, length)) : undefined;
      if (entries !== undefined) for (const entry of entries) visit(entry);
    }
    if (this.keyHeads.size > 0) this.keys.collect(wordsOf(value), visit);
  }
}

const crowding = (neighbours = 0, keys: number): number => (neighbours + 1) / keys;

function push<K, T>(lists: Map<K, T[]>, key: K, entry: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [entry]);
  else list.push(entry);
}

function pull<K, T>(lists: Map<K, T[]>, key: K, entry: T): void {
  const list = lists.get(key);
  const at = list?.indexOf(entry) ?? -1;
  if (list === undefined || at < 0) return;
  list[at] = list[list.length - 1];
  list.pop();
  if (list.length === 0) lists.delete(key);
}

function count<K>(counts: Map<K, number>, key: K, by: number): void {
  const value = (counts.get(key) ?? 0) + by;
  if (value === 0) counts.delete(key);
  else counts.set(key, value);
}
