/** The few flat, typed fields that routing and filters look at, so that nothing on the hot path parses a payload. */
export type AttributeValue = string | number | boolean;
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Those that there are: an attribute that an event lacks has no name in it either. */
export function presentAttributes(all: Readonly<Record<string, AttributeValue | undefined>>): Attributes {
  const present: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(all)) if (value !== undefined) present[name] = value;
  return present;
}

/** What a lane stores of one event. The value is JSON text in UTF-8 and is never changed after ingest. */
export interface EventRecord {
  readonly eventId: string;
  /** When it happened, by its producer; epoch microseconds. */
  readonly timeMicros: number;
  /** Dotted, `AAPL.NASDAQ.trade`; its first part decides the lane. */
  readonly routingKey: string;
  readonly attributes: Attributes;
  readonly value: Uint8Array;
  /** W3C trace context of its ingest, if that was sampled; filters do not see it. */
  readonly traceparent?: string;
}
