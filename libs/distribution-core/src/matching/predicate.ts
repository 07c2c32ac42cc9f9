import { type Column, ROUTING_KEY, TRACEPARENT } from '../event-batch.js';
import type { AttributeSlot } from './attribute-slot.js';
import type { BatchView } from './batch-view.js';
import { canonicalFilter } from './canonical-filter.js';
import { acceptance, type Clause, EVENT_ID_ATTRIBUTE, inRange, type RangeClause, TOPIC_ATTRIBUTE } from './clause.js';
import type { Filter } from './filter.js';
import type { KeyPattern } from './key-pattern.js';
import { isPayloadPath } from './payload-reader.js';
import { compileTopicPattern, type TopicPattern } from './topic-pattern.js';

/** A compiled filter over the batch that the view is bound to. */
export interface Predicate {
  test(view: BatchView, index: number): boolean;
  /** Keeps, in place, those of the first `count` indexes that pass; returns how many. */
  refine(view: BatchView, indexes: Uint32Array, count: number): number;
}

class EachPredicate implements Predicate {
  constructor(readonly test: (view: BatchView, index: number) => boolean) {}

  refine(view: BatchView, indexes: Uint32Array, count: number): number {
    let kept = 0;
    for (let at = 0; at < count; at++) if (this.test(view, indexes[at])) indexes[kept++] = indexes[at];
    return kept;
  }
}

const UNKNOWN = 0;
const REFUSED = 1;
const ACCEPTED = 2;
/** Of a batch's dictionary: beyond it, clearing what was decided costs more than deciding anew, and too much is kept. */
const MAX_DECIDED = 256;

/** Decides once per distinct value of a batch, however many selections share the clause. */
class ColumnPredicate implements Predicate {
  private boundTo = -1;
  private decided = new Uint8Array(16);

  constructor(
    private readonly slot: AttributeSlot,
    private readonly accepts: (value: unknown) => boolean,
  ) {}

  test(view: BatchView, index: number): boolean {
    const column = this.slot.column(view);
    return column !== undefined && this.decide(view, column, column.index[index]);
  }

  refine(view: BatchView, indexes: Uint32Array, count: number): number {
    const column = this.slot.column(view);
    if (column === undefined) return 0;
    const { index } = column;
    let kept = 0;
    for (let at = 0; at < count; at++) {
      if (this.decide(view, column, index[indexes[at]])) indexes[kept++] = indexes[at];
    }
    return kept;
  }

  private decide(view: BatchView, { dictionary }: Column, code: number): boolean {
    if (code === 0) return false;
    if (dictionary.length > MAX_DECIDED) return this.accepts(dictionary[code - 1]);
    if (this.boundTo !== view.serial) this.bind(view.serial, dictionary.length);
    const known = this.decided[code];
    if (known !== UNKNOWN) return known === ACCEPTED;
    const isAccepted = this.accepts(dictionary[code - 1]);
    this.decided[code] = isAccepted ? ACCEPTED : REFUSED;
    return isAccepted;
  }

  private bind(serial: number, values: number): void {
    this.boundTo = serial;
    if (this.decided.length <= values) this.decided = new Uint8Array(values * 2);
    else this.decided.fill(UNKNOWN, 0, values + 1);
  }
}

/** Two comparisons are less work than to remember what they said. */
class RangePredicate implements Predicate {
  constructor(
    private readonly slot: AttributeSlot,
    private readonly range: RangeClause,
  ) {}

  test(view: BatchView, index: number): boolean {
    const column = this.slot.column(view);
    return column !== undefined && this.accepts(column, column.index[index]);
  }

  refine(view: BatchView, indexes: Uint32Array, count: number): number {
    const column = this.slot.column(view);
    if (column === undefined) return 0;
    const { index } = column;
    let kept = 0;
    for (let at = 0; at < count; at++) if (this.accepts(column, index[indexes[at]])) indexes[kept++] = indexes[at];
    return kept;
  }

  private accepts({ dictionary }: Column, code: number): boolean {
    if (code === 0) return false;
    const value = dictionary[code - 1];
    return typeof value === 'number' && inRange(this.range, value);
  }
}

/** Compares codes: a value that the batch does not hold costs one look-up, however many events there are. */
export class EqualPredicate implements Predicate {
  private boundTo = -1;
  private code = 0;

  constructor(
    readonly slot: AttributeSlot,
    readonly value: string | number | boolean,
  ) {}

  test(view: BatchView, index: number): boolean {
    const code = this.codeIn(view);
    return code !== 0 && this.slot.column(view)?.index[index] === code;
  }

  refine(view: BatchView, indexes: Uint32Array, count: number): number {
    const code = this.codeIn(view);
    const column = this.slot.column(view);
    if (code === 0 || column === undefined) return 0;
    const { index } = column;
    let kept = 0;
    for (let at = 0; at < count; at++) if (index[indexes[at]] === code) indexes[kept++] = indexes[at];
    return kept;
  }

  private codeIn(view: BatchView): number {
    if (this.boundTo !== view.serial) {
      this.boundTo = view.serial;
      this.code = this.slot.codeOf(view, this.value);
    }
    return this.code;
  }
}

/** One decision a batch, since a batch is of one topic. */
class TopicPredicate implements Predicate {
  private decidedTopic: string | undefined;
  private isMatch = false;

  constructor(private readonly patterns: readonly TopicPattern[]) {}

  test({ topic }: BatchView): boolean {
    if (topic !== this.decidedTopic) {
      this.decidedTopic = topic;
      this.isMatch = this.patterns.some((pattern) => pattern.matches(topic));
    }
    return this.isMatch;
  }

  refine(view: BatchView, _indexes: Uint32Array, count: number): number {
    return this.test(view) ? count : 0;
  }
}

class AllPredicate implements Predicate {
  constructor(private readonly parts: readonly Predicate[]) {}

  test(view: BatchView, index: number): boolean {
    return this.parts.every((part) => part.test(view, index));
  }

  refine(view: BatchView, indexes: Uint32Array, count: number): number {
    for (const part of this.parts) {
      if (count === 0) return 0;
      count = part.refine(view, indexes, count);
    }
    return count;
  }
}

/** Takes predicates of the view; `columnClausesOf` says which, so that they can be returned. */
export function compileFilter(filter: Filter, view: BatchView): Predicate {
  switch (filter.op) {
    case 'and':
      return new AllPredicate(filter.filters.map((part) => compileFilter(part, view)));
    case 'or': {
      const parts = filter.filters.map((part) => compileFilter(part, view));
      return new EachPredicate((bound, index) => parts.some((part) => part.test(bound, index)));
    }
    case 'not': {
      const part = compileFilter(filter.filter, view);
      return new EachPredicate((bound, index) => !part.test(bound, index));
    }
    case 'topic':
      return new TopicPredicate(filter.patterns.map((pattern) => compileTopicPattern(pattern)));
    default:
      return compileClause(filter, view);
  }
}

function compileClause(clause: Clause, view: BatchView): Predicate {
  const { attribute } = clause;
  const accepts = acceptance(clause);
  if (attribute === TRACEPARENT) return new EachPredicate(() => false);
  if (attribute === TOPIC_ATTRIBUTE) return new EachPredicate((bound) => accepts(bound.topic));
  if (attribute === EVENT_ID_ATTRIBUTE)
    return new EachPredicate((bound, index) => accepts(bound.batch.eventIdAt(index)));
  if (isPayloadPath(attribute)) {
    const path = attribute.split('.');
    return new EachPredicate((bound, index) => {
      const value = bound.payloads.read(index, path);
      return value !== undefined && accepts(value);
    });
  }
  return view.takePredicate(canonicalFilter(clause), attribute, (slot) => {
    if (clause.op === 'eq') return new EqualPredicate(slot, clause.value);
    return clause.op === 'range' ? new RangePredicate(slot, clause) : new ColumnPredicate(slot, accepts);
  });
}

export function compileKeyPatterns(patterns: readonly KeyPattern[], view: BatchView): Predicate {
  const exact = new Set(patterns.filter((pattern) => pattern.isExact).map((pattern) => pattern.text));
  const wild = patterns.filter((pattern) => !pattern.isExact);
  return new ColumnPredicate(view.takeSlot(ROUTING_KEY), (value) => {
    const key = value as string;
    return exact.has(key) || wild.some((pattern) => pattern.matches(key));
  });
}

/** Whether a clause reads a column of the batch, and not its envelope or payload. */
export const isColumnAttribute = (attribute: string): boolean =>
  attribute !== TOPIC_ATTRIBUTE &&
  attribute !== EVENT_ID_ATTRIBUTE &&
  attribute !== TRACEPARENT &&
  !isPayloadPath(attribute);

/** The clauses of a filter whose predicates are shared, each as often as it stands there. */
export function columnClausesOf(filter: Filter): Clause[] {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.filters.flatMap(columnClausesOf);
    case 'not':
      return columnClausesOf(filter.filter);
    case 'topic':
      return [];
    default:
      return isColumnAttribute(filter.attribute) ? [filter] : [];
  }
}
