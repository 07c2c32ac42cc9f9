import {
  type MarketDataDistributed,
  type MarketDataDistribution,
  marketDataDistributionSchema,
} from '@distributary/contracts';
import {
  type Clock,
  DistributionError,
  type EventRecord,
  type IdSource,
  type Problem,
} from '@distributary/distribution-core';
import {
  isoOfMicros,
  microsOfIso,
  isTooDeep,
  noteIssues,
  type PublishedEvent,
  refuseIfAny,
} from '@distributary/distribution-service';
import { routingKeyOf, sourceKeyOf } from '../symbology/routing-key.js';
import { defaultTopicOf } from './default-topics.js';
import { attributesOf } from './event-attributes.js';
import { assetClassOf, eventProblems, problemsBesideShape } from './event-rules.js';

export const MAX_EVENT_BYTES = 256 * 1024;

/** An event of a producer, with its source's own number of it; -1: it has none. */
export interface ReadEvent extends PublishedEvent {
  readonly sequence: number;
}

/** `request.invalid` with every problem of every event, as `events[i].…`. */
export function parseMarketDataEvents(inputs: readonly unknown[]): MarketDataDistribution[] {
  const problems: Problem[] = [];
  const events = inputs.flatMap((input, index) => parseMarketDataEvent(input, index, problems) ?? []);
  refuseIfAny(problems);
  return events;
}

/** Undefined, and its problems as `events[index].…`, if it is none. */
export function parseMarketDataEvent(
  input: unknown,
  index: number,
  problems: Problem[],
): MarketDataDistribution | undefined {
  if (isTooDeep(input, index, problems)) return undefined;
  const parsed = marketDataDistributionSchema.safeParse(input);
  if (!parsed.success) {
    noteIssues(parsed.error.issues, index, problems);
    problems.push(...problemsBesideShape(input, `events[${index}]`));
    return undefined;
  }
  const found = eventProblems(parsed.data, `events[${index}]`);
  problems.push(...found);
  return found.length === 0 ? parsed.data : undefined;
}

/** Fills in what the producer left out. `payload.too_large` beyond {@link MAX_EVENT_BYTES}. */
export function toPublishedEvent(event: MarketDataDistribution, clock: Clock, ids: IdSource): ReadEvent {
  const { data, data_type: dataType, routing } = event;
  const eventId = event.event_id ?? ids.uuid();
  const timestamp = event.timestamp ?? isoOfMicros(clock.nowMicros());
  const happenedAt = data.timestamp ?? timestamp;
  const timeMicros = microsOfIso(happenedAt);
  const isSource = data.symbol === undefined;
  const assetClass = isSource ? undefined : assetClassOf(event);
  const topic = routing?.topic ?? defaultTopicOf(dataType, assetClassOf(event));
  const source = sourceOf(event);
  const stored: MarketDataDistributed = {
    event_id: eventId,
    timestamp,
    data_type: dataType,
    distribution: { topic },
    data: {
      ...data,
      ...(isSource ? { source } : { asset_class: assetClass }),
      timestamp: happenedAt,
    } as MarketDataDistributed['data'],
    routing: {
      routing_key: routing?.routing_key ?? defaultRoutingKey(event),
      target_workflows: routing?.target_workflows ?? [],
      delivery_guarantees: routing?.delivery_guarantee ?? routing?.delivery_mode ?? 'at_least_once',
    },
    metadata: { ...event.metadata },
  };
  const record: EventRecord = {
    eventId,
    timeMicros,
    routingKey: stored.routing.routing_key,
    attributes: attributesOf(event, { assetClass, source, isLate: false }),
    value: valueOf(stored),
  };
  return { topic, record, sequence: data.sequence ?? -1 };
}

/** The same event, marked as one that came behind later ones. */
export function markedLate(event: PublishedEvent): PublishedEvent {
  const { record } = event;
  const stored = JSON.parse(Buffer.from(record.value).toString()) as MarketDataDistributed;
  const value = valueOf({ ...stored, metadata: { ...stored.metadata, late: true } });
  return { ...event, record: { ...record, attributes: { ...record.attributes, late: true }, value } };
}

function valueOf(stored: MarketDataDistributed): Buffer {
  const value = Buffer.from(JSON.stringify(stored));
  if (value.length <= MAX_EVENT_BYTES) return value;
  throw new DistributionError(
    'payload.too_large',
    `event ${stored.event_id} has ${value.length} bytes, at most ${MAX_EVENT_BYTES} are taken`,
  );
}

/** The feed that an event came from, or that a status is about. */
const sourceOf = ({ data_type: dataType, data, metadata }: MarketDataDistribution): string | undefined =>
  dataType === 'STATUS' ? (data.source ?? metadata?.source) : metadata?.source;

function defaultRoutingKey(event: MarketDataDistribution): string {
  const { data, data_type: dataType } = event;
  return data.symbol === undefined || data.exchange === undefined
    ? sourceKeyOf(sourceOf(event) as string)
    : routingKeyOf({ symbol: data.symbol, exchange: data.exchange, dataType });
}
