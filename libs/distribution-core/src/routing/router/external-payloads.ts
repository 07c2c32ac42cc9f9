import type { DeadLetterSink } from '../../delivery/dead-letter.js';
import { DistributionError } from '../../errors/distribution-error.js';
import type { EventRecord } from '../../event.js';
import type { EventBatch } from '../../event-batch.js';
import type { Clock } from '../../ports/clock.port.js';
import type { Counter, Metrics } from '../../ports/metrics.port.js';
import { PAYLOAD_REFUSALS, type PayloadCodec, type PayloadRefusal } from '../../ports/payload-codec.port.js';
import type { TopicPayload } from '../../ports/topic-catalog.port.js';
import type { LanePosition } from '../../position.js';
import type { Json } from '../../transformation/json-value.js';

/** A topic whose payloads are read, by the catalog's name. */
export interface EncodedTopic {
  readonly topic: string;
  readonly tenant: string;
  readonly dataType: string;
  readonly payload: TopicPayload;
}

/** A JSON document as the event of the service that it is, checked like one that is published, or why it is none. */
export type ReadDocument = (
  record: EventRecord,
  document: Uint8Array,
  topic: EncodedTopic,
) => EventRecord | PayloadRefusal;

/** What a record is as an event of the service when its payload was decoded. */
export type PayloadEvent = (record: EventRecord, payload: Json, topic: EncodedTopic) => EventRecord;

export interface ExternalPayloadsDependencies {
  /** Undefined: none is configured, and lanes of topics in Avro wait. */
  readonly codec: PayloadCodec | undefined;
  readonly sinkOf: (owner: { readonly subscriptionId: string; readonly tenant: string }) => DeadLetterSink;
  readonly eventOf: PayloadEvent;
  readonly readDocument: ReadDocument;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** Of a payload; `lost`: it could not be read, and its dead letter was refused. */
type Outcome = 'decoded' | 'lost' | PayloadRefusal;

interface Payload {
  readonly record: EventRecord;
  readonly bytes: Uint8Array;
}

/** Of a dead letter: the router of a topic is who could not read it. */
export const unreadableOwner = (topic: string): string => `router:${topic}`;

/**
 * Reads the payloads of topics that others write, once, before the rules look at them. What cannot be read is a dead letter
 * of the router, with its reason, before anything behind it goes on. One that the dead letters refuse for good is counted as
 * lost: it would hold up what is behind it for ever.
 */
export class ExternalPayloads {
  private readonly sinks = new Map<string, DeadLetterSink>();
  private readonly outcomes: Readonly<Record<Outcome, Counter>>;

  constructor(private readonly deps: ExternalPayloadsDependencies) {
    const help = 'Payloads of topics that others write, by what became of them';
    const entries = (['decoded', 'lost', ...PAYLOAD_REFUSALS] as const).map(
      (outcome) => [outcome, deps.metrics.counter('payloads_total', help, { outcome })] as const,
    );
    this.outcomes = Object.fromEntries(entries) as Record<Outcome, Counter>;
  }

  /** In the order of the batch. `store.unavailable`, `broker.unavailable`: nothing was decided, the batch is read again. */
  async recordsOf(topic: EncodedTopic, batch: EventBatch): Promise<readonly EventRecord[]> {
    const payloads: Payload[] = [];
    const records = Array.from({ length: batch.count }, (_, index) => batch.recordAt(index));
    for (const record of records) {
      const bytes = payloadBytes(record.value);
      if (bytes !== undefined) payloads.push({ record, bytes });
    }
    const outcomes = (await this.read(topic, payloads)).values();
    const read: EventRecord[] = [];
    let at = 0;
    for (const [index, record] of records.entries()) {
      if (payloads[at]?.record !== record) {
        read.push(record);
        continue;
      }
      at++;
      const outcome = outcomes.next().value ?? 'payload_unreadable';
      if (typeof outcome !== 'string') {
        read.push(outcome);
        this.outcomes.decoded.add();
      } else this.outcomes[(await this.bury(topic, batch, index, record, outcome)) ? outcome : 'lost'].add();
    }
    return read;
  }

  /** One for each payload, in their order. */
  private async read(
    topic: EncodedTopic,
    payloads: readonly Payload[],
  ): Promise<readonly (EventRecord | PayloadRefusal)[]> {
    const { codec, eventOf, readDocument } = this.deps;
    if (topic.payload.format === 'json') return payloads.map(({ record, bytes }) => readDocument(record, bytes, topic));
    if (codec === undefined) {
      throw new DistributionError(
        'store.unavailable',
        `${topic.topic} needs a schema registry, and none is configured`,
      );
    }
    const decoded = await codec.decode(
      payloads.map(({ bytes }) => bytes),
      topic.payload.subject,
    );
    return decoded.map((one, index) =>
      one.kind === 'decoded' ? eventOf(payloads[index].record, one.value, topic) : one.reason,
    );
  }

  /** False if it was refused for good. */
  private async bury(
    { topic, tenant }: EncodedTopic,
    { lane, positions }: EventBatch,
    index: number,
    record: EventRecord,
    reason: PayloadRefusal,
  ): Promise<boolean> {
    const nowMicros = this.deps.clock.nowMicros();
    const { partition, epoch } = lane;
    const at: LanePosition = { topic, partition, epoch, position: positions.at(index) };
    const times = { firstFailureMicros: nowMicros, lastFailureMicros: nowMicros };
    try {
      await this.sinkOf(topic, tenant).bury({ event: asJson(record), at, reason, attempts: 1, ...times });
      return true;
    } catch (error) {
      if (error instanceof DistributionError && !error.retryable) return false;
      throw error;
    }
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
