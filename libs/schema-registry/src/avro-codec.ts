import {
  type DecodedPayload,
  DistributionError,
  type EncodedPayload,
  type Json,
  type PayloadCodec,
  type PayloadEncoder,
} from '@distributary/distribution-core';
import { AvroFailure } from './avro/avro-failure.js';
import { AvroReader } from './avro/avro-reader.js';
import type { AvroType } from './avro/avro-type.js';
import { AvroWriter, DEFAULT_WRITER_LIMITS } from './avro/avro-writer.js';
import type { KnownSchema, Schemas } from './schemas.js';
import { readWireFormat, wireFormat, type WireMessage } from './wire-format.js';

export interface AvroCodecDependencies {
  readonly schemas: Schemas;
  /** Lets what waits in the loop have its turn. */
  readonly breathe?: () => Promise<void>;
}

/** Of ids that are not remembered, asked for at a time by one call. */
const MAX_LOOKUPS_AT_ONCE = 8;
/** About 2 ms. */
const VALUES_PER_TURN = 20_000;

/** Avro in Confluent's wire format. */
export class AvroCodec implements PayloadCodec {
  constructor(private readonly deps: AvroCodecDependencies) {}

  async decode(values: readonly Uint8Array[], subject: string | undefined): Promise<readonly DecodedPayload[]> {
    const messages = values.map(readWireFormat);
    const schemas = await this.schemasOf(messages, subject);
    const reader = new AvroReader();
    const decoded: DecodedPayload[] = [];
    let pauseAt = VALUES_PER_TURN;
    for (const message of messages) {
      const payload = payloadOf(message, schemas, reader);
      decoded.push(payload);
      if (reader.values < pauseAt) continue;
      await (this.deps.breathe ?? nextTurn)();
      pauseAt = reader.values + VALUES_PER_TURN;
    }
    return decoded;
  }

  async encoderOf(subject: string): Promise<PayloadEncoder | undefined> {
    const schema = await this.deps.schemas.latest(subject);
    if (schema.kind === 'unknown') return undefined;
    if (schema.kind === 'unusable') {
      throw new DistributionError('schema.rejected', `the subject ${subject} cannot be written: ${schema.why}`, {
        problems: [{ path: 'subject', rule: schema.why }],
      });
    }
    return new AvroEncoder(schema.id, schema.type);
  }

  private async schemasOf(
    messages: readonly WireMessage[],
    subject: string | undefined,
  ): Promise<ReadonlyMap<number, KnownSchema>> {
    const wanted = [...new Set(messages.flatMap((one) => (one.kind === 'message' ? [one.schemaId] : [])))];
    const found = new Map<number, KnownSchema>();
    for (let from = 0; from < wanted.length; from += MAX_LOOKUPS_AT_ONCE) {
      const ids = wanted.slice(from, from + MAX_LOOKUPS_AT_ONCE);
      const schemas = await Promise.all(ids.map((id) => this.schemaOf(id, subject)));
      for (const [index, id] of ids.entries()) found.set(id, schemas[index]);
    }
    return found;
  }

  private async schemaOf(id: number, subject: string | undefined): Promise<KnownSchema> {
    const schema = await this.deps.schemas.byId(id);
    if (schema.kind === 'unknown' || subject === undefined) return schema;
    return (await this.deps.schemas.isOf(id, subject)) ? schema : { kind: 'unknown' };
  }
}

function payloadOf(
  message: WireMessage,
  schemas: ReadonlyMap<number, KnownSchema>,
  reader: AvroReader,
): DecodedPayload {
  if (message.kind === 'refused') return unreadable(message.problem);
  const { schemaId, body } = message;
  const schema = schemas.get(schemaId);
  if (schema === undefined || schema.kind === 'unknown') {
    return { kind: 'refused', reason: 'schema_unknown', message: `there is no schema ${schemaId} of the topic` };
  }
  if (schema.kind === 'unusable') return unreadable(schema.why);
  try {
    return { kind: 'decoded', value: reader.read(schema.type, body) };
  } catch (error) {
    if (error instanceof AvroFailure) return unreadable(`by the schema ${schemaId}, ${error.message}`);
    throw error;
  }
}

const unreadable = (message: string): DecodedPayload => ({ kind: 'refused', reason: 'payload_unreadable', message });

class AvroEncoder implements PayloadEncoder {
  private readonly writer = new AvroWriter(DEFAULT_WRITER_LIMITS);

  constructor(
    readonly schemaId: number,
    private readonly type: AvroType,
  ) {}

  encode(value: Json): EncodedPayload {
    try {
      const bytes = wireFormat(this.schemaId, this.writer.write(this.type, value));
      return { kind: 'encoded', bytes, steps: this.writer.values };
    } catch (error) {
      if (!(error instanceof AvroFailure)) throw error;
      return { kind: 'refused', reason: error.reason, message: error.message, steps: this.writer.values };
    }
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
