import type { AttributeValue } from '../event.js';
import type { Filter } from './filter.js';

export type Clause = Extract<Filter, { readonly attribute: string }>;
export type RangeClause = Extract<Filter, { readonly op: 'range' }>;

/** Attributes that are not attributes of the event but of its envelope. */
export const TOPIC_ATTRIBUTE = 'topic';
export const EVENT_ID_ATTRIBUTE = 'event_id';

export function inRange(range: RangeClause, value: number): boolean {
  return (
    (range.gt === undefined || value > range.gt) &&
    (range.gte === undefined || value >= range.gte) &&
    (range.lt === undefined || value < range.lt) &&
    (range.lte === undefined || value <= range.lte)
  );
}

/** What a clause says of a value that is there; no clause but `exists` is true of an object or an array. */
export function acceptance(clause: Clause): (value: unknown) => boolean {
  switch (clause.op) {
    case 'eq': {
      const { value: wanted } = clause;
      return (value) => value === wanted;
    }
    case 'in': {
      const wanted: ReadonlySet<unknown> = new Set<AttributeValue>(clause.values);
      return (value) => wanted.has(value);
    }
    case 'range':
      return (value) => typeof value === 'number' && inRange(clause, value);
    case 'prefix': {
      const { value: prefix } = clause;
      return (value) => typeof value === 'string' && value.startsWith(prefix);
    }
    case 'exists':
      return () => true;
  }
}
