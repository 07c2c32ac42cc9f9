import type { Problem } from '../errors/distribution-error.js';
import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { Attributes, EventRecord } from '../event.js';
import { ROUTING_KEY, TRACEPARENT } from '../event-batch.js';
import { EVENT_ID_ATTRIBUTE, TOPIC_ATTRIBUTE } from '../matching/clause.js';
import { TARGETS_ATTRIBUTE } from '../matching/target-gate.js';
import { isPayloadPath } from '../matching/payload-reader.js';
import type { ConflationKey } from '../ports/topic-catalog.port.js';
import { HOPS_ATTRIBUTE, ROUTED_FROM_ATTRIBUTE } from '../routing/rules/routing-rule.js';
import type { DeliveryGuarantee } from '../subscription/subscription.js';

export interface PublishedEvent {
  /** Slash path. */
  readonly topic: string;
  readonly record: EventRecord;
  readonly deliveryGuarantee?: DeliveryGuarantee;
}

/** What is kept of an event on its way besides its value: id, key, time, attributes. A bound, not a measurement. */
export const EVENT_OVERHEAD_BYTES = 256;

/** What ingest must know of a topic; answered from memory. */
export interface IngestTopic {
  readonly brokerName: string;
  readonly partitions: number;
  readonly enabled: boolean;
  readonly origin: 'ingested' | 'external';
  /** Absent: none. */
  readonly conflationKey?: ConflationKey;
  /** Tells a topic from one of the same name that was deleted. */
  readonly catalogVersion?: number;
}

export interface TopicLookup {
  find(topic: string): IngestTopic | undefined;
}

/** Why an event must not be in a topic, as that is now: `must …`, in the words of the service. Undefined: it may. Asked for each event. */
export type TopicProblem = (record: EventRecord, topic: IngestTopic) => string | undefined;

export interface EventLimits {
  readonly maxEventBytes: number;
  readonly maxAttributes: number;
  /** Of a name, and of a string value, in characters. */
  readonly maxAttributeLength: number;
  readonly maxEventIdLength: number;
  readonly maxRoutingKeyLength: number;
}

/** A hundred names of a hundred characters. */
const MAX_TARGETS_LENGTH = 10_200;
const RESERVED: ReadonlySet<string> = new Set([
  ROUTING_KEY,
  TRACEPARENT,
  TOPIC_ATTRIBUTE,
  EVENT_ID_ATTRIBUTE,
  HOPS_ATTRIBUTE,
  ROUTED_FROM_ATTRIBUTE,
]);

/**
 * The topics of the events, in their order. Throws `request.invalid` with every problem, or else `topic.not_found`
 * (an unknown or disabled topic), or else `payload.too_large`.
 */
export function checkEvents(
  events: readonly PublishedEvent[],
  topics: TopicLookup,
  limits: EventLimits,
  topicProblem?: TopicProblem,
): readonly IngestTopic[] {
  const invalid: Problem[] = [];
  const missing: Problem[] = [];
  const tooLarge: Problem[] = [];
  const found: IngestTopic[] = [];
  /** Events of one kind may share one object of attributes. */
  const judged = new Set<Attributes>();
  for (let at = 0; at < events.length; at++) {
    const { topic: name, record } = events[at];
    const isAgain = at > 0 && name === events[at - 1].topic && found.length === at;
    const topic = isAgain ? found[at - 1] : topics.find(name);
    if (topic === undefined) missing.push({ path: `events[${at}].routing.topic`, rule: 'must be a known topic' });
    else if (!topic.enabled) missing.push({ path: `events[${at}].routing.topic`, rule: 'must be an enabled topic' });
    else if (topic.origin !== 'ingested') {
      invalid.push({ path: `events[${at}].routing.topic`, rule: 'must be a topic that this service writes' });
    } else {
      found.push(topic);
      const rule = topicProblem?.(record, topic);
      if (rule !== undefined) invalid.push({ path: `events[${at}].routing.topic`, rule });
    }
    if (record.value.length > limits.maxEventBytes) {
      tooLarge.push({ path: `events[${at}]`, rule: `must be at most ${limits.maxEventBytes} bytes` });
    }
    checkRecord(record, at, limits, invalid);
    if (judged.has(record.attributes)) continue;
    judged.add(record.attributes);
    checkAttributes(record.attributes, `events[${at}]`, limits, invalid);
  }
  if (invalid.length > 0) throw invalidRequest(invalid);
  if (missing.length > 0) throw refusal('topic.not_found', 'topic not found', missing);
  if (tooLarge.length > 0) throw refusal('payload.too_large', 'event too large', tooLarge);
  return found;
}

function checkRecord(record: EventRecord, at: number, limits: EventLimits, problems: Problem[]): void {
  const { eventId, routingKey } = record;
  const { maxEventIdLength, maxRoutingKeyLength } = limits;
  if (eventId.length === 0 || eventId.length > maxEventIdLength) {
    problems.push({ path: `events[${at}].event_id`, rule: `must have 1 to ${maxEventIdLength} characters` });
  }
  if (routingKey.length === 0 || routingKey.length > maxRoutingKeyLength) {
    const rule = `must have 1 to ${maxRoutingKeyLength} characters`;
    problems.push({ path: `events[${at}].routing.routing_key`, rule });
  }
  if (!Number.isFinite(record.timeMicros)) {
    problems.push({ path: `events[${at}].timestamp`, rule: 'must be a time' });
  }
}

function checkAttributes(attributes: Attributes, path: string, limits: EventLimits, problems: Problem[]): void {
  const names = Object.keys(attributes);
  if (names.length > limits.maxAttributes) {
    problems.push({ path: `${path}.attributes`, rule: `must be at most ${limits.maxAttributes}` });
    return;
  }
  for (const name of names) {
    const value = attributes[name];
    const broken = (rule: string) => problems.push({ path: `${path}.attributes.${name}`, rule });
    if (RESERVED.has(name) || isPayloadPath(name)) broken('must not have a reserved name');
    if (name.length === 0 || name.length > limits.maxAttributeLength) {
      broken(`must have a name of 1 to ${limits.maxAttributeLength} characters`);
    }
    const most = name === TARGETS_ATTRIBUTE ? MAX_TARGETS_LENGTH : limits.maxAttributeLength;
    if (typeof value === 'string' && value.length > most) {
      broken(`must be at most ${most} characters`);
    }
    if (typeof value === 'number' && !Number.isFinite(value)) broken('must be a finite number');
  }
}

function refusal(code: 'topic.not_found' | 'payload.too_large', message: string, problems: readonly Problem[]) {
  const summary = problems.map(({ path, rule }) => `${path}: ${rule}`).join('; ');
  return new DistributionError(code, `${message}: ${summary}`, { problems });
}
