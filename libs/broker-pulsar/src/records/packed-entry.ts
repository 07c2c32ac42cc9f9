import type { StoredEntry } from '../wire/pulsar-web.js';
import { isGiven, NULL, packedIn, publishTimeIn } from './entry-headers.js';
import { FieldReader } from './field-reader.js';
import type { PlacedMessage } from './message-batch.js';
import { writeMessageId } from './message-id.js';
import { type MessagePlace, positionOf } from './message-position.js';

/*
 * An entry into which several messages were packed, as the admin API gives it, not compressed any more. For each: how long
 * its SingleMessageMetadata is (u32, big endian), that, and its payload. Of the metadata: 1 a property (1 name, 2 value),
 * 2 key, 3 size of the payload, 4 left out by compaction, 9 without a value, 10 without a key, …
 */
const PROPERTY = 1;
const KEY = 2;
const PAYLOAD_SIZE = 3;
const COMPACTED_OUT = 4;
const NULL_VALUE = 9;
const NULL_KEY = 10;

const MAX_MESSAGES = 100_000;

export interface UnpackedMessage extends PlacedMessage {
  readonly isWithoutValue: boolean;
}

/**
 * Its messages, each with the id and the place that Pulsar gives it for readers. Undefined if it is not packed, if its
 * messages may yet be aborted, or if it cannot be read to its end.
 */
export function unpacked(
  { headers, body }: StoredEntry,
  place: MessagePlace,
  partition: number,
): readonly UnpackedMessage[] | undefined {
  const count = packedIn(headers);
  if (
    count === undefined ||
    !(count <= MAX_MESSAGES) ||
    !isGiven(headers) ||
    headers['x-pulsar-is-encrypted'] === 'true'
  )
    return undefined;
  const publishTime = publishTimeIn(headers);
  const messages: UnpackedMessage[] = [];
  let at = 0;
  try {
    for (let batchIndex = 0; batchIndex < count; batchIndex++) {
      const metadataAt = at + 4;
      if (metadataAt > body.length) return undefined;
      const payloadAt = metadataAt + body.readUInt32BE(at);
      const metadata = metadataIn(body.subarray(metadataAt, payloadAt));
      at = payloadAt + metadata.payloadSize;
      if (at > body.length) return undefined;
      if (metadata.isCompactedOut) continue;
      const { key, properties, isWithoutValue } = metadata;
      const own = { ...place, batchIndex };
      const payload = isWithoutValue ? NULL : body.toString('base64', payloadAt, at);
      const message = { messageId: writeMessageId(own, { partition, count }), payload, properties, publishTime, key };
      messages.push({ message, position: positionOf(own), isWithoutValue });
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return at === body.length ? messages : undefined;
}

function metadataIn(bytes: Buffer) {
  const properties: Record<string, string> = {};
  const metadata = { properties, payloadSize: 0, isCompactedOut: false, isWithoutValue: false };
  let key: string | undefined;
  let isWithoutKey = false;
  const reader = new FieldReader(bytes);
  while (reader.next()) {
    const { field, number, value } = reader;
    if (field === PROPERTY) addProperty(properties, value);
    else if (field === KEY) key = value.toString();
    else if (field === PAYLOAD_SIZE) metadata.payloadSize = number;
    else if (field === COMPACTED_OUT) metadata.isCompactedOut = number !== 0;
    else if (field === NULL_VALUE) metadata.isWithoutValue = number !== 0;
    else if (field === NULL_KEY) isWithoutKey = number !== 0;
  }
  if (!(metadata.payloadSize >= 0)) throw new RangeError('a payload has no size');
  return { ...metadata, key: isWithoutKey ? undefined : key };
}

function addProperty(properties: Record<string, string>, bytes: Buffer): void {
  const reader = new FieldReader(bytes);
  let name = '';
  let value = '';
  while (reader.next()) {
    if (reader.field === 1) name = reader.value.toString();
    else if (reader.field === 2) value = reader.value.toString();
  }
  properties[name] = value;
}
