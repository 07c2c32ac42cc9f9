/** What a bench event says of itself: nothing more, so that it is as short as the service's schema permits. */
export interface StampedEvent {
  readonly topic: string;
  /** Tells runs apart: one run's ids never collide with another's within the dedupe window. */
  readonly run: string;
  /** Counts all events of a run from 0. */
  readonly sequence: number;
  /** When it was due to be sent, `monotonicMicros`. */
  readonly stampMicros: number;
  /** Number of the key that it has. */
  readonly key: number;
}

const TIMESTAMP = new Date().toISOString();
const SOURCE = 'b';
const SEQUENCE_FIELD = '"current_value":';
const STAMP_FIELD = ',"threshold":';

/**
 * A METRICS event of the ingest door: its value is the sequence, its threshold the stamp. The first word of the routing
 * key is the same in all, so that one lane has them all: the hot topic that a fan-out is measured on.
 */
export function stampedEventText(event: StampedEvent): string {
  const { topic, run, sequence, stampMicros } = event;
  const key = `k${event.key}`;
  return (
    `{"event_id":"${run}${sequence.toString(36)}","timestamp":"${TIMESTAMP}","data_type":"METRICS",` +
    `"routing":{"topic":"${topic}","routing_key":"${SOURCE}.${key}"},` +
    `"data":{"metric_name":"${key}",${SEQUENCE_FIELD}${sequence}${STAMP_FIELD}${Math.round(stampMicros)}},` +
    `"metadata":{"source_service":"${SOURCE}","retention_policy":"1d"}}`
  );
}

/** What the events of a run are: metrics of the monitoring service, or trades or quotes of market data. */
export type EventKind = 'METRICS' | 'TRADE' | 'QUOTE';

const EXCHANGE = 'BENCH';
/** Of a quote one side is enough. */
const MARKET_FIELDS = {
  TRADE: ['"price":', ',"volume":'],
  QUOTE: ['"ask_price":', ',"ask_size":'],
} as const;

/** A trade or a quote of a symbol, named as its topic: the price is the sequence, the volume or size the stamp. */
export function stampedMarketText(kind: keyof typeof MARKET_FIELDS, event: Omit<StampedEvent, 'key'>): string {
  const { topic: symbol, run, sequence, stampMicros } = event;
  const [sequenceField, stampField] = MARKET_FIELDS[kind];
  return (
    `{"event_id":"${run}${sequence.toString(36)}","timestamp":"${TIMESTAMP}","data_type":"${kind}",` +
    `"data":{"symbol":"${symbol}","exchange":"${EXCHANGE}",` +
    `${sequenceField}${sequence}${stampField}${Math.round(stampMicros)}}}`
  );
}

/** The part of a delivered event that the checks look at. */
export interface DeliveredEvent {
  readonly event_id: string;
  readonly data: { readonly current_value: number; readonly threshold: number };
  readonly metadata: { readonly source_service: string };
}

/** The same of market data. */
export interface DeliveredMarketEvent {
  readonly event_id: string;
  readonly data: { readonly exchange: string; readonly price?: number; readonly ask_price?: number };
}

/** The service may have events of its own to tell on the same topic. */
const isStamped = (event: DeliveredEvent): boolean => event.metadata.source_service === SOURCE;

/** Undefined of an event that no bench published. */
export function sequenceOf(event: DeliveredEvent | DeliveredMarketEvent): number | undefined {
  if (!('exchange' in event.data)) return isStamped(event as DeliveredEvent) ? event.data.current_value : undefined;
  const { exchange, price, ask_price: ask } = event.data;
  return exchange === EXCHANGE ? (price ?? ask) : undefined;
}

const MARKERS = [[SEQUENCE_FIELD, STAMP_FIELD] as const, ...Object.values(MARKET_FIELDS)].map(
  (fields) => fields.map((field) => Buffer.from(field)) as [sequence: Buffer, stamp: Buffer],
);
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/** Stamps and sequences of all events in a message, which are of one kind, read from the bytes without parsing them. */
export interface Scan {
  readonly count: number;
  readonly stamps: Float64Array;
  readonly sequences: Float64Array;
}

export function scanEvents(bytes: Buffer): Scan {
  const stamps: number[] = [];
  const sequences: number[] = [];
  const [marker, stampMarker] = MARKERS.find(([each]) => bytes.includes(each)) ?? MARKERS[0];
  let at = 0;
  const takeNumber = (): number => {
    let value = 0;
    for (let digit = bytes[at]; digit >= DIGIT_0 && digit <= DIGIT_9; digit = bytes[++at]) {
      value = value * 10 + digit - DIGIT_0;
    }
    return value;
  };
  for (at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker, at)) {
    at += marker.length;
    const sequence = takeNumber();
    if (bytes.compare(stampMarker, 0, stampMarker.length, at, at + stampMarker.length) !== 0) continue;
    at += stampMarker.length;
    sequences.push(sequence);
    stamps.push(takeNumber());
  }
  return { count: stamps.length, stamps: Float64Array.from(stamps), sequences: Float64Array.from(sequences) };
}
