import type { AttributeValue } from '../event.js';
import type { Selection } from '../subscription/subscription.js';
import type { Filter } from './filter.js';

/**
 * The same text for filters that mean the same by the rules applied here, so that their sessions share one feed:
 * order and repetition within and/or/in do not count, nested and/or are flattened, double negation goes.
 */
export function canonicalFilter(filter: Filter): string {
  switch (filter.op) {
    case 'and':
    case 'or':
      return combined(filter.op, filter.filters);
    case 'not':
      return filter.filter.op === 'not'
        ? canonicalFilter(filter.filter.filter)
        : `["not",${canonicalFilter(filter.filter)}]`;
    case 'eq':
      return inText(filter.attribute, [filter.value]);
    case 'in':
      return inText(filter.attribute, filter.values);
    case 'range': {
      const { attribute, gt, gte, lt, lte } = filter;
      return JSON.stringify(['range', attribute, gt ?? null, gte ?? null, lt ?? null, lte ?? null]);
    }
    case 'prefix':
      return JSON.stringify(['prefix', filter.attribute, filter.value]);
    case 'exists':
      return JSON.stringify(['exists', filter.attribute]);
    case 'topic':
      return `["topic",${JSON.stringify(distinct(filter.patterns))}]`;
  }
}

/** The same for a whole selection. */
export function canonicalSelection(selection: Selection): string {
  const { topicPatterns, keyPatterns, filter, subscriber } = selection;
  const named = subscriber === undefined ? [] : [subscriber];
  const patterns = JSON.stringify([distinct(topicPatterns), distinct(keyPatterns), ...named]);
  return filter === undefined ? patterns : `${patterns} ${canonicalFilter(filter)}`;
}

function combined(op: 'and' | 'or', filters: readonly Filter[]): string {
  const parts = distinct(flattened(op, filters).map(canonicalFilter));
  return parts.length === 1 ? parts[0] : `["${op}",[${parts.join(',')}]]`;
}

function flattened(op: 'and' | 'or', filters: readonly Filter[]): Filter[] {
  return filters.flatMap((filter) => (filter.op === op ? flattened(op, filter.filters) : [filter]));
}

/** Equality is a list of one. */
function inText(attribute: string, values: readonly AttributeValue[]): string {
  return `["in",${JSON.stringify(attribute)},[${distinct(values.map((value) => JSON.stringify(value))).join(',')}]]`;
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)].sort();
