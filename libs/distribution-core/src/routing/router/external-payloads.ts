import type { DeadLetterSink } from '../../delivery/dead-letter.js';
import { DistributionError } from '../../errors/distribution-error.js';
import type { EventRecord } from '../../event.js';
import type { EventBatch } from '../../event-batch.js';
import type { Clock } from '../../ports/clock.port.js';
import type { PayloadCodec, PayloadRefusal } from '../../ports/payload-codec.port.js';
import type { TopicPayload } from '../../ports/topic-catalog.port.js';
import type { LanePosition } from '../../position.js';
import type { Json } from '../../transformation/json-value.js';

/** A topic whose payloads are encoded, by the catalog's name. */
export interface EncodedTopic {
  readonly topic: string;
  readonly tenant: string;
  readonly dataType: string;
  readonly payload: TopicPayload;
}

/** What a record is as an event of the service when its payload was read. */
export type PayloadEvent = (record: EventRecord, payload: Json, topic: EncodedTopic) => EventRecord;

export interface ExternalPayloadsDependencies {
  /** Undefined: none is configured, and lanes of encoded topics wait. */
  readonly codec: PayloadCodec | undefined;
  readonly sinkOf: (owner: { readonly subscriptionId: string; readonly tenant: string }) => DeadLetterSink;
  readonly eventOf: PayloadEvent;
  readonly clock: Clock;
}

/** Of a dead letter: the router of a topic is who could not read it. */
export const unreadableOwner = (topic: string): string => `router:${topic}`;

/**
 * Reads the payloads of topics that others write, once, before the rules look at them. What cannot be read is a dead letter
 * of the router, with its reason, before anything behind it goes on: it is never lost, and it holds nobody up.
 */
export class ExternalPayloads {
  private readonly sinks = new Map<string, DeadLetterSink>();

  constructor(private readonly deps: ExternalPayloadsDependencies) {}

  /** In the order of the batch. `store.unavailable`, `broker.unavailable`: nothing was decided, the batch is read again. */
  async recordsOf(topic: EncodedTopic, batch: EventBatch): Promise<readonly EventRecord[]> {
    const { codec, eventOf } = this.deps;
    if (codec === undefined) {
      throw new DistributionError(
        'store.unavailable',
        `${topic.topic} needs a schema registry, and none is configured`,
      );
    }
    const records = Array.from({ length: batch.count }, (_, index) => batch.recordAt(index));
    const bytes = records.map(({ value }) => payloadBytes(value));
    const present = bytes.filter((each) => each !== undefined);
    const decoded = (await codec.decode(present, topic.payload.subject)).values();
    const read: EventRecord[] = [];
    for (const [index, record] of records.entries()) {
      if (bytes[index] === undefined) {
        read.push(record);
        continue;
      }
      const payload = decoded.next().value;
      if (payload?.kind === 'decoded') read.push(eventOf(record, payload.value, topic));
      else await this.bury(topic, batch, index, record, payload?.reason ?? 'payload_unreadable');
    }
    return read;
  }

  private bury(
    { topic, tenant }: EncodedTopic,
    { lane, positions }: EventBatch,
    index: number,
    record: EventRecord,
    reason: PayloadRefusal,
  ): Promise<void> {
    const nowMicros = this.deps.clock.nowMicros();
    const { partition, epoch } = lane;
    const at: LanePosition = { topic, partition, epoch, position: positions.at(index) };
    const times = { firstFailureMicros: nowMicros, lastFailureMicros: nowMicros };
    return this.sinkOf(topic, tenant).bury({ event: asJson(record), at, reason, attempts: 1, ...times });
  }

  /** One for each topic: it remembers what it has written and not yet listed. */
  private sinkOf(topic: string, tenant: string): DeadLetterSink {
    const sink = this.sinks.get(topic) ?? this.deps.sinkOf({ subscriptionId: unreadableOwner(topic), tenant });
    this.sinks.set(topic, sink);
    return sink;
  }
}

/**
 * What logs give of bytes that are no JSON is `{"data_base64": …}`. Undefined: there is no payload, as in records that
 * delete a key; they are events as they are.
 */
function payloadBytes(value: Uint8Array): Uint8Array | undefined {
  if (value[0] !== 0x7b) return value;
  try {
    const parsed = JSON.parse(Buffer.from(value).toString('utf8')) as { data?: unknown; data_base64?: unknown };
    const names = Object.keys(parsed);
    if (names.length !== 1) return value;
    if (parsed.data === null) return undefined;
    return typeof parsed.data_base64 === 'string' ? Buffer.from(parsed.data_base64, 'base64') : value;
  } catch {
    return value;
  }
}

/** The topic of the dead letters can be read like any other, so what lies in it is JSON. */
function asJson(record: EventRecord): EventRecord {
  if (record.value[0] === 0x7b) return record;
  const bytes = Buffer.from(record.value.buffer, record.value.byteOffset, record.value.byteLength);
  return { ...record, value: Buffer.from(JSON.stringify({ data_base64: bytes.toString('base64') })) };
}
