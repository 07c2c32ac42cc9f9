import {
  type MarketDataDistribution,
  marketDataDistributionSchema,
  type MarketDataType,
  isMarketDataType,
} from '@distributary/contracts';
import {
  type EventRecord,
  isObject,
  type Json,
  type JsonObject,
  type PayloadEvent,
  unqualified,
} from '@distributary/distribution-core';
import { attributesOf } from './event-attributes.js';
import { assetClassOf, eventProblems } from './event-rules.js';
import { isoOfMicros, microsOfIso, type PublishedForm } from '@distributary/distribution-service';
import { storedEventOf } from './stored-event.js';

/** `metadata.source` of events whose producer did not say one. */
const SOURCE = 'external';
const MAX_ID_LENGTH = 100;

/**
 * A payload of a topic that others write, as an event. What has the form of one is one, with its own id; the plain JSON of
 * normalized market data (`{ "symbol": "AAPL", "exchange": "NASDAQ", "price": 150.25, … }`) becomes the `data` of one, with
 * the attributes that filters look at. Anything else becomes the `data` as it is, which rules and filters find as `data.…`.
 */
export const externalEvent: PayloadEvent = (record, payload, { topic, dataType }) => {
  const path = unqualified(topic);
  const whole = wholeEvent(record, payload);
  if (whole !== undefined) return whole;
  const type = typeOf(payload, dataType);
  const read = type === undefined ? undefined : readAs(type, payload, record);
  const data = read?.data ?? (isObject(payload) ? payload : { value: payload });
  const happenedAt = read?.data.timestamp ?? isoOfMicros(record.timeMicros);
  const event = {
    event_id: record.eventId,
    timestamp: isoOfMicros(record.timeMicros),
    data_type: type ?? dataType,
    distribution: { topic: path },
    data: read === undefined ? data : { ...data, ...classOf(read), timestamp: happenedAt },
    routing: { routing_key: record.routingKey, target_workflows: [], delivery_guarantees: 'at_least_once' },
    metadata: { source: SOURCE },
  };
  return {
    ...record,
    timeMicros: microsOfIso(happenedAt),
    attributes: { data_type: type ?? dataType, ...(read && readAttributes(read)), ...record.attributes },
    value: Buffer.from(JSON.stringify(event)),
  };
};

/**
 * A JSON document of such a topic as its producer would have published it there: one with a `data` of its own is an event,
 * published or stored; any other is the `data` of one.
 */
export const publishedForm: PublishedForm = (document, record, { topic, dataType }) => {
  const { data_type: said, ...fields } = document;
  const isEvent = isObject(document.data);
  return {
    event_id: record.eventId,
    timestamp: isoOfMicros(record.timeMicros),
    ...(isEvent ? document : { data: fields }),
    data_type: said ?? typeOf(isEvent ? document.data : document, dataType) ?? dataType,
    routing: routingAt(unqualified(topic), isEvent ? document.routing : undefined),
    metadata: metadataOf(isEvent ? document.metadata : undefined),
  };
};

/** Where it lies is not for the document to say. A stored event has its guarantee by another name. */
function routingAt(topic: string, routing: Json | undefined): Json {
  if (routing !== undefined && !isObject(routing)) return routing;
  const { delivery_guarantees: stored, ...published } = routing ?? ({} as JsonObject);
  return {
    ...(stored === undefined || published.delivery_mode !== undefined ? {} : { delivery_guarantee: stored }),
    ...published,
    topic,
  };
}

const metadataOf = (metadata: Json | undefined): Json =>
  metadata === undefined || isObject(metadata) ? { source: SOURCE, ...metadata } : metadata;

/** What is written in the form of the stored event, by whoever it is. */
function wholeEvent(record: EventRecord, payload: Json): EventRecord | undefined {
  const value = Buffer.from(JSON.stringify(payload));
  const own = storedEventOf(value);
  if (own === undefined || own.event_id.length === 0 || own.event_id.length > MAX_ID_LENGTH) return undefined;
  const { data_type: dataType } = own;
  const parsed = marketDataDistributionSchema.safeParse({
    data_type: dataType,
    data: own.data,
    metadata: own.metadata,
  });
  const attributes = parsed.success ? readAttributes(parsed.data) : { data_type: String(dataType) };
  return { ...record, eventId: own.event_id, attributes: { ...attributes, ...record.attributes }, value };
}

/** What it says itself, else what its topic holds, else what its fields show. */
function typeOf(payload: Json, topicType: string): MarketDataType | undefined {
  if (!isObject(payload)) return undefined;
  if (typeof payload.data_type === 'string' && isMarketDataType(payload.data_type)) return payload.data_type;
  if (isMarketDataType(topicType)) return topicType;
  if ('bid_price' in payload || 'ask_price' in payload) return 'QUOTE';
  if ('interval' in payload && 'close' in payload) return 'BAR';
  return 'price' in payload ? 'TRADE' : undefined;
}

/** Undefined: it breaks a rule of its type, and goes on as it is. */
function readAs(dataType: MarketDataType, payload: Json, record: EventRecord): MarketDataDistribution | undefined {
  const { data_type: _type, ...data } = payload as Readonly<Record<string, unknown>>;
  const event = { data_type: dataType, timestamp: isoOfMicros(record.timeMicros), data, metadata: { source: SOURCE } };
  const parsed = marketDataDistributionSchema.safeParse(event);
  return parsed.success && eventProblems(parsed.data, '').length === 0 ? parsed.data : undefined;
}

const classOf = (event: MarketDataDistribution): object =>
  event.data.symbol === undefined ? {} : { asset_class: assetClassOf(event) };

const readAttributes = (event: MarketDataDistribution) =>
  attributesOf(event, {
    assetClass: event.data.symbol === undefined ? undefined : assetClassOf(event),
    source: event.metadata?.source,
    isLate: false,
  });
