import { ROUTING_KEY } from '../event-batch.js';
import type { Selection } from '../subscription/subscription.js';
import type { BatchView } from './batch-view.js';
import type { Clause } from './clause.js';
import type { Filter } from './filter.js';
import { compileKeyPattern, type KeyPattern } from './key-pattern.js';
import { canonicalFilter } from './canonical-filter.js';
import { columnClausesOf, compileFilter, compileKeyPatterns, isColumnAttribute, type Predicate } from './predicate.js';
import { compileTopicPattern, isSetApart, type TopicPattern } from './topic-pattern.js';

/** One of the conditions that all must hold, with what an index can make of it. */
export type Conjunct =
  | { readonly kind: 'keys'; readonly patterns: readonly KeyPattern[]; readonly predicate: Predicate }
  | { readonly kind: 'filter'; readonly filter: Filter; readonly predicate: Predicate };

export class CompiledSelection {
  readonly topicPatterns: readonly TopicPattern[];
  readonly subscriber: string | undefined;
  /** Cheap ones first: columns, then combinations, then whatever parses payloads. None: every event is wanted. */
  readonly conjuncts: readonly Conjunct[];
  private readonly clauses: readonly Clause[];
  private readonly hasKeys: boolean;

  /** `request.invalid` if a pattern is not one. */
  constructor(
    selection: Selection,
    private readonly view: BatchView,
  ) {
    this.subscriber = selection.subscriber;
    this.topicPatterns = selection.topicPatterns.map((text, at) => compileTopicPattern(text, `patterns[${at}]`));
    const keyPatterns = selection.keyPatterns.map((text, at) => compileKeyPattern(text, `key_patterns[${at}]`));
    const filters = selection.filter === undefined ? [] : flatten(selection.filter);
    filters.sort((a, b) => costOf(a) - costOf(b));
    const conjuncts: Conjunct[] = filters.map((filter) => ({
      kind: 'filter',
      filter,
      predicate: compileFilter(filter, view),
    }));
    if (keyPatterns.length > 0) {
      conjuncts.unshift({ kind: 'keys', patterns: keyPatterns, predicate: compileKeyPatterns(keyPatterns, view) });
    }
    this.conjuncts = conjuncts;
    this.clauses = filters.flatMap(columnClausesOf);
    this.hasKeys = keyPatterns.length > 0;
  }

  matchesTopic(topic: string): boolean {
    const isByName = isSetApart(topic);
    return this.topicPatterns.some((pattern) => (pattern.isExact || !isByName) && pattern.matches(topic));
  }

  release(): void {
    for (const clause of this.clauses) this.view.returnPredicate(canonicalFilter(clause), clause.attribute);
    if (this.hasKeys) this.view.returnSlot(ROUTING_KEY);
  }
}

function flatten(filter: Filter): Filter[] {
  return filter.op === 'and' ? filter.filters.flatMap(flatten) : [filter];
}

function costOf(filter: Filter): number {
  switch (filter.op) {
    case 'and':
    case 'or':
      return 2 + Math.max(0, ...filter.filters.map(costOf));
    case 'not':
      return 2 + costOf(filter.filter);
    case 'topic':
      return 0;
    case 'eq':
      return isColumnAttribute(filter.attribute) ? 0 : 100;
    default:
      return isColumnAttribute(filter.attribute) ? 1 : 100;
  }
}
