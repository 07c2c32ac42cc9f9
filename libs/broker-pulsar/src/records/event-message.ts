import { type Attributes, type EventRecord, foreignValue, isObject, type Json } from '@distributary/distribution-core';
import { FOREIGN_EPOCH } from '../topics/pulsar-topic.js';

/**
 * One event as one message: payload = value, key = routing key, and properties:
 *   dx-id          event id
 *   dx-time        epoch microseconds, decimal
 *   dx-epoch       the lane's epoch: a topic that is deleted and made again bears the same name
 *   dx-attributes  JSON; absent: none
 *   traceparent    as W3C has it
 */
export const PROPERTY = {
  id: 'dx-id',
  time: 'dx-time',
  epoch: 'dx-epoch',
  attributes: 'dx-attributes',
  trace: 'traceparent',
} as const;

/** The first message of each lane, which is no event: as long as it is kept, nothing has expired. */
export const FIRST_MESSAGE = 'dx-first';

/** A message as the WebSocket API gives it. */
export interface PulsarMessage {
  readonly messageId: string;
  /** Base64. */
  readonly payload: string;
  readonly properties?: Readonly<Record<string, string>> | null;
  /** ISO 8601, to the millisecond. */
  readonly publishTime: string;
  readonly key?: string | null;
  readonly redeliveryCount?: number;
}

/** What is sent to append `record`; the answer bears the same context. */
export function eventFrame(record: EventRecord, epoch: string, context: number): string {
  const { eventId, timeMicros, routingKey, attributes, value, traceparent } = record;
  const properties: Record<string, string> = {
    [PROPERTY.id]: eventId,
    [PROPERTY.time]: String(timeMicros),
    [PROPERTY.epoch]: epoch,
  };
  for (const _name in attributes) {
    properties[PROPERTY.attributes] = JSON.stringify(attributes);
    break;
  }
  if (traceparent !== undefined) properties[PROPERTY.trace] = traceparent;
  const payload = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  return JSON.stringify({ payload, key: routingKey, properties, context: String(context) });
}

export const firstMessageFrame = (epoch: string): string =>
  JSON.stringify({ payload: '', properties: { [FIRST_MESSAGE]: '1', [PROPERTY.epoch]: epoch }, context: '0' });

/** Beyond, texts hardly repeat. */
const MAX_KNOWN_ATTRIBUTES = 1024;

/** Reads messages as events. Attributes whose text was seen before are not parsed again, and are one object. */
export class EventReader {
  private readonly known = new Map<string, Attributes>();

  /**
   * Undefined if it is none of an event of this epoch. Copies of our events in a topic of others bear the epoch of the topic
   * that they come from; there nobody vouches for what the properties say, either.
   */
  read(message: PulsarMessage, epoch: string): EventRecord | undefined {
    const properties = message.properties ?? {};
    if (properties[FIRST_MESSAGE] !== undefined) return undefined;
    const value = Buffer.from(message.payload, 'base64');
    const eventId = properties[PROPERTY.id];
    const traceparent = properties[PROPERTY.trace];
    const trace = traceparent === undefined ? {} : { traceparent };
    if (eventId === undefined) return { ...foreignEvent(message, value), ...trace };
    const isForeign = epoch === FOREIGN_EPOCH;
    if (!isForeign && properties[PROPERTY.epoch] !== epoch) return undefined;
    const timeMicros = Number(properties[PROPERTY.time]);
    const attributes = this.attributes(properties[PROPERTY.attributes]);
    if (attributes === undefined || !(Math.abs(timeMicros) <= MAX_DATE_MICROS)) {
      return { ...foreignEvent(message, value), ...trace };
    }
    const routingKey = message.key ?? '';
    return { eventId, timeMicros, routingKey, attributes, value: isForeign ? foreignValue(value) : value, ...trace };
  }

  /** Undefined if they are none. */
  private attributes(text: string | undefined): Attributes | undefined {
    if (text === undefined) return NO_ATTRIBUTES;
    let attributes = this.known.get(text);
    if (attributes === undefined) {
      attributes = attributesIn(text);
      if (attributes === undefined) return undefined;
      if (this.known.size >= MAX_KNOWN_ATTRIBUTES) this.known.clear();
      this.known.set(text, attributes);
    }
    return attributes;
  }
}

/** Of a `Date`. */
const MAX_DATE_MICROS = 8.64e18;
const NO_ATTRIBUTES: Attributes = {};
const IS_ATTRIBUTE: ReadonlySet<string> = new Set(['string', 'number', 'boolean']);

function attributesIn(text: string): Attributes | undefined {
  try {
    const parsed = JSON.parse(text) as Json;
    const isFlat = isObject(parsed) && Object.values(parsed).every((value) => IS_ATTRIBUTE.has(typeof value));
    return isFlat ? (parsed as Attributes) : undefined;
  } catch {
    return undefined;
  }
}

export const publishedMicros = ({ publishTime }: PulsarMessage): number => Date.parse(publishTime) * 1000;

/** What others wrote: its id is its place. */
function foreignEvent(message: PulsarMessage, value: Buffer): EventRecord {
  return {
    eventId: Buffer.from(message.messageId, 'base64').toString('hex'),
    timeMicros: publishedMicros(message),
    routingKey: message.key ?? '',
    attributes: {},
    value: foreignValue(value),
  };
}
