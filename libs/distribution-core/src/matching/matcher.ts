import type { EventRecord } from '../event.js';
import { type EventBatch, ROUTING_KEY } from '../event-batch.js';
import type { Selection } from '../subscription/subscription.js';
import { EVENT_ID_ATTRIBUTE, inRange, TOPIC_ATTRIBUTE } from './clause.js';
import type { Filter } from './filter.js';
import { compileKeyPattern } from './key-pattern.js';
import { isPayloadPath, parsePayload, readPath } from './payload-reader.js';
import { isFor, TARGETS_ATTRIBUTE } from './target-gate.js';
import { compileTopicPattern } from './topic-pattern.js';

/** Gives the value that a filter calls by this name; undefined if the event lacks it. */
export type AttributeReader = (attribute: string) => unknown;

/**
 * The meaning of a filter, word for word and without any cleverness: the oracle that the match index must equal, and
 * good enough wherever events come one at a time.
 */
export function evaluateFilter(filter: Filter, read: AttributeReader): boolean {
  switch (filter.op) {
    case 'and':
      return filter.filters.every((part) => evaluateFilter(part, read));
    case 'or':
      return filter.filters.some((part) => evaluateFilter(part, read));
    case 'not':
      return !evaluateFilter(filter.filter, read);
    case 'topic': {
      const topic = read(TOPIC_ATTRIBUTE);
      return (
        typeof topic === 'string' && filter.patterns.some((pattern) => compileTopicPattern(pattern).matches(topic))
      );
    }
    default:
  }
  const value = read(filter.attribute);
  if (value === undefined) return false;
  switch (filter.op) {
    case 'eq':
      return value === filter.value;
    case 'in':
      return filter.values.some((wanted) => wanted === value);
    case 'range':
      return typeof value === 'number' && inRange(filter, value);
    case 'prefix':
      return typeof value === 'string' && value.startsWith(filter.value);
    case 'exists':
      return true;
  }
}

/** Parses the payload when the first path into it is read. */
export function recordReader(topic: string, record: EventRecord): AttributeReader {
  let payload: { readonly parsed: unknown } | undefined;
  return (attribute) => {
    if (attribute === TOPIC_ATTRIBUTE) return topic;
    if (attribute === EVENT_ID_ATTRIBUTE) return record.eventId;
    if (attribute === ROUTING_KEY) return record.routingKey;
    if (!isPayloadPath(attribute)) {
      return Object.hasOwn(record.attributes, attribute) ? record.attributes[attribute] : undefined;
    }
    payload ??= { parsed: parsePayload(record.value) };
    return readPath(payload.parsed, attribute.split('.'));
  };
}

export function matchesRecord(selection: Selection, topic: string, record: EventRecord): boolean {
  if (!selection.topicPatterns.some((pattern) => compileTopicPattern(pattern).matches(topic))) return false;
  const { keyPatterns, filter } = selection;
  if (!isFor(record.attributes[TARGETS_ATTRIBUTE], selection.subscriber)) return false;
  if (keyPatterns.length > 0 && !keyPatterns.some((pattern) => compileKeyPattern(pattern).matches(record.routingKey))) {
    return false;
  }
  return filter === undefined || evaluateFilter(filter, recordReader(topic, record));
}

export function matchesEvent(selection: Selection, topic: string, batch: EventBatch, index: number): boolean {
  return matchesRecord(selection, topic, batch.recordAt(index));
}
