import type { AttributeValue } from '../event.js';
import { ROUTING_KEY } from '../event-batch.js';
import type { RangeClause } from './clause.js';
import type { Conjunct } from './compiled-selection.js';
import type { Filter } from './filter.js';
import { isColumnAttribute } from './predicate.js';

/** One place in an index under which an entry is found. */
export type AccessPoint =
  | { readonly kind: 'value'; readonly attribute: string; readonly value: AttributeValue }
  | { readonly kind: 'prefix'; readonly attribute: string; readonly prefix: string }
  | { readonly kind: 'range'; readonly attribute: string; readonly range: RangeClause }
  | { readonly kind: 'key'; readonly attribute: string; readonly words: readonly string[] };

/** Every event that matches is found at one of the points at least. */
export interface Access {
  readonly points: readonly AccessPoint[];
  /** How many entries an event that is found there will find, roughly; the least is the best. */
  readonly score: number;
  /** Found at a point = the condition holds, so that it need not be looked at again. */
  readonly isExact: boolean;
}

/** `among`: the points of the same clause, this one included. */
export type Score = (point: AccessPoint, among: number) => number;

/** Undefined if no index helps: the condition says nothing of columns, or only what they are not. */
export function accessOf(conjunct: Conjunct, score: Score): Access | undefined {
  if (conjunct.kind === 'filter') return accessOfFilter(conjunct.filter, score);
  return together(
    conjunct.patterns.map((pattern) =>
      pattern.isExact
        ? { kind: 'value', attribute: ROUTING_KEY, value: pattern.text }
        : { kind: 'key', attribute: ROUTING_KEY, words: pattern.words },
    ),
    score,
  );
}

function accessOfFilter(filter: Filter, score: Score): Access | undefined {
  switch (filter.op) {
    case 'and':
      return best(filter.filters.map((part) => accessOfFilter(part, score)));
    case 'or':
      return union(filter.filters.map((part) => accessOfFilter(part, score)));
    case 'not':
    case 'exists':
    case 'topic':
      return undefined;
    default:
      return isColumnAttribute(filter.attribute) ? together(pointsOf(filter), score) : undefined;
  }
}

function pointsOf(clause: Extract<Filter, { op: 'eq' | 'in' | 'prefix' | 'range' }>): AccessPoint[] {
  const { attribute } = clause;
  switch (clause.op) {
    case 'eq':
      return [{ kind: 'value', attribute, value: clause.value }];
    case 'in':
      return [...new Set(clause.values)].map((value) => ({ kind: 'value', attribute, value }));
    case 'prefix':
      return [{ kind: 'prefix', attribute, prefix: clause.value }];
    case 'range':
      return [{ kind: 'range', attribute, range: clause }];
  }
}

/** Of all points of a clause: an event finds one of them at most, but the more there are the likelier it does. */
function together(points: readonly AccessPoint[], score: Score): Access {
  let sum = 0;
  for (const point of points) sum += score(point, points.length);
  return { points, score: sum, isExact: true };
}

function best(found: readonly (Access | undefined)[]): Access | undefined {
  let least: Access | undefined;
  for (const access of found)
    if (access !== undefined && (least === undefined || access.score < least.score)) least = access;
  return least && { ...least, isExact: false };
}

function union(found: readonly (Access | undefined)[]): Access | undefined {
  const points: AccessPoint[] = [];
  let score = 0;
  for (const access of found) {
    if (access === undefined) return undefined;
    points.push(...access.points);
    score += access.score;
  }
  return { points, score, isExact: false };
}
