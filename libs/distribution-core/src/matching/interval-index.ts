import { inRange, type RangeClause } from './clause.js';

interface Interval<T> {
  readonly range: RangeClause;
  readonly low: number;
  readonly high: number;
  readonly value: T;
}

/** Beyond this many, and an eighth of what is sorted, new intervals are sorted in. */
const FRESH_LIMIT = 32;

/**
 * Ranges over one attribute; finds those that hold a number in logarithmic time plus one step per range found. Sorted
 * by lower bound, as an implicit tree: the middle of a part is its root and knows the greatest upper bound of the part.
 */
export class IntervalIndex<T> {
  private sorted: Interval<T>[] = [];
  private greatest = new Float64Array(0);
  private fresh: Interval<T>[] = [];

  get size(): number {
    return this.sorted.length + this.fresh.length;
  }

  add(range: RangeClause, value: T): void {
    const low = Math.max(range.gt ?? Number.NEGATIVE_INFINITY, range.gte ?? Number.NEGATIVE_INFINITY);
    const high = Math.min(range.lt ?? Number.POSITIVE_INFINITY, range.lte ?? Number.POSITIVE_INFINITY);
    this.fresh.push({ range, low, high, value });
  }

  remove(range: RangeClause, value: T): void {
    const isIt = (interval: Interval<T>) => interval.value === value && interval.range === range;
    const fresh = this.fresh.findIndex(isIt);
    if (fresh >= 0) {
      this.fresh.splice(fresh, 1);
      return;
    }
    const sorted = this.sorted.findIndex(isIt);
    if (sorted < 0) return;
    this.sorted.splice(sorted, 1);
    this.span();
  }

  stab(number: number, visit: (value: T) => void): void {
    if (this.fresh.length > FRESH_LIMIT + this.sorted.length / 8) this.sortIn();
    this.stabPart(0, this.sorted.length, number, visit);
    for (const { range, value } of this.fresh) if (inRange(range, number)) visit(value);
  }

  private stabPart(from: number, to: number, number: number, visit: (value: T) => void): void {
    if (from >= to) return;
    const middle = (from + to) >>> 1;
    if (this.greatest[middle] < number) return;
    this.stabPart(from, middle, number, visit);
    const { low, range, value } = this.sorted[middle];
    if (low > number) return;
    if (inRange(range, number)) visit(value);
    this.stabPart(middle + 1, to, number, visit);
  }

  private sortIn(): void {
    this.sorted = [...this.sorted, ...this.fresh].sort((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0));
    this.fresh = [];
    this.span();
  }

  private span(): void {
    this.greatest = new Float64Array(this.sorted.length);
    this.spanPart(0, this.sorted.length);
  }

  private spanPart(from: number, to: number): number {
    if (from >= to) return Number.NEGATIVE_INFINITY;
    const middle = (from + to) >>> 1;
    const greatest = Math.max(this.sorted[middle].high, this.spanPart(from, middle), this.spanPart(middle + 1, to));
    this.greatest[middle] = greatest;
    return greatest;
  }
}
