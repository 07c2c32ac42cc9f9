import type { IncomingHttpHeaders } from 'node:http';
import { writeMessageId } from './message-id.js';
import type { PlacedMessage } from './message-batch.js';
import { type MessagePlace, positionOf } from './message-position.js';

/*
 * What the admin API tells of an entry, beside its value. Of a message without a value, as others write to delete a key,
 * Pulsar 4.0.7 gives readers and consumers of its WebSocket API neither that nor anything behind it, and says nothing. Here it is.
 */

const PACKED = 'x-pulsar-num-batch-message';
const PLACE = 'x-pulsar-message-id';
const PLACE_TEXT = /^(\d+):(\d+)/;
/** The payload of what has no value. */
export const NULL = Buffer.from('null').toString('base64');

/** Of which entry this tells; undefined if it does not say. */
export function placeIn(headers: IncomingHttpHeaders): MessagePlace | undefined {
  const text = headers[PLACE];
  const found = typeof text === 'string' ? PLACE_TEXT.exec(text) : null;
  return found === null ? undefined : { ledger: Number(found[1]), entry: Number(found[2]), batchIndex: -1 };
}

/** How many messages were packed into the entry; undefined if it is one. */
export const packedIn = (headers: IncomingHttpHeaders): number | undefined =>
  headers[PACKED] === undefined ? undefined : Number(headers[PACKED]);

/** Where the last message of the entry lies. */
export const lastOf = (headers: IncomingHttpHeaders, place: MessagePlace): MessagePlace => ({
  ...place,
  batchIndex: (packedIn(headers) ?? 0) - 1,
});

/** As a message with the value `null`; undefined if it has one, or if what it has is not told here. */
export function nullMessage(headers: IncomingHttpHeaders, place: MessagePlace): PlacedMessage | undefined {
  if (!isWithoutValue(headers)) return undefined;
  const key = headers['x-pulsar-partition-key'] as string | undefined;
  return {
    message: { messageId: writeMessageId(place), payload: NULL, publishTime: publishTimeIn(headers), key },
    position: positionOf(place),
  };
}

export const publishTimeIn = (headers: IncomingHttpHeaders): string => String(headers['x-pulsar-publish-time']);

/** Of what was packed it is not told one by one; what is in a transaction may yet be aborted. */
const isWithoutValue = (headers: IncomingHttpHeaders): boolean =>
  headers['x-pulsar-null-value'] === 'true' && packedIn(headers) === undefined && isGiven(headers);

/** Not yet, while its transaction is open or the rest of its message is not there; and never what {@link isPassedOver}. */
export const isGiven = (headers: IncomingHttpHeaders): boolean =>
  headers['x-pulsar-txn-uncommitted'] !== 'true' && !isPassedOver(headers);

/** What readers are not given: what brokers write for themselves, what was aborted, and pieces of a message but for its last. */
export const isPassedOver = (headers: IncomingHttpHeaders): boolean =>
  headers['x-pulsar-marker-type'] !== undefined ||
  headers['x-pulsar-txn-aborted'] === 'true' ||
  Number(headers['x-pulsar-chunk-id']) < Number(headers['x-pulsar-num-chunks-from-msg']) - 1;

/** Of the message or, of a piece of one, of all of it; 0 if it is not told. */
export const valueBytesIn = (headers: IncomingHttpHeaders): number =>
  Math.max(Number(headers['x-pulsar-total-chunk-msg-size'] ?? 0), Number(headers['x-pulsar-uncompressed-size'] ?? 0));

/** Or a message that is not in pieces. */
export const isFirstPiece = (headers: IncomingHttpHeaders): boolean => Number(headers['x-pulsar-chunk-id'] ?? 0) === 0;
