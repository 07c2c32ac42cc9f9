import { type DataFrame, type FrameEncoder, type Lane } from '@distributary/distribution-core';
import { isoTime } from '../json-messages.js';
import { wireLaneName } from '../tenant-names.js';
import { PREFIX_BYTES } from './message-framing.js';
import { bytesFieldSize, numberField, ProtobufWriter, textField } from './protobuf-writer.js';

/** Field numbers of `distributary.stream.v1`; a test decodes what is written here with the .proto file. */
const SERVER_MESSAGE = { timestamp: 1, data: 5, snapshot: 6, position: 7 };
const DATA = {
  feed: 1,
  lane: 2,
  epoch: 3,
  prev: 4,
  pos: 5,
  events: 6,
  merged: 7,
  mergedExact: 8,
  left: 9,
  attempt: 10,
  positions: 11,
  dropped: 12,
};
const SNAPSHOT = { feed: 1, lane: 2, epoch: 3, pos: 4, events: 5, last: 6, dropped: 7 };

/**
 * `ServerMessage`s as bytes, with their prefixes, once per feed: stored events are copied, never parsed. HTTP/2 flow control confirms,
 * so there are no marks.
 */
export const grpcExchangeEncoder: FrameEncoder = {
  name: 'grpc-exchange',
  carriesBytes: true,

  data: (frame) => {
    const { feed, lane, prev, pos, conflation, single, timeMicros } = frame;
    const head = [...laneFields(feed, lane), textField(DATA.prev, prev), textField(DATA.pos, pos)];
    const tail =
      conflation === undefined
        ? []
        : [
            numberField(DATA.merged, conflation.merged, true),
            numberField(DATA.mergedExact, conflation.mergedExact ? 1 : 0, true),
            ...conflation.left.map((key) => textField(DATA.left, key)),
          ];
    if (single !== undefined && single.attempt > 1) tail.push(numberField(DATA.attempt, single.attempt));
    for (const position of single?.positions ?? []) tail.push(textField(DATA.positions, position));
    if (frame.dropped !== undefined) tail.push(numberField(DATA.dropped, frame.dropped));
    return serverMessage(timeMicros, SERVER_MESSAGE.data, head, valuesOf(frame), DATA.events, tail);
  },

  position: ({ feed, lane, prev, pos, timeMicros }) => {
    const head = [...laneFields(feed, lane), textField(DATA.prev, prev), textField(DATA.pos, pos)];
    return serverMessage(timeMicros, SERVER_MESSAGE.position, head, [], 0, []);
  },

  snapshot: ({ feed, lane, pos, values, dropped, isLast, timeMicros }) => {
    const head = [...laneFields(feed, lane), textField(SNAPSHOT.pos, pos)];
    const tail = [numberField(SNAPSHOT.last, isLast ? 1 : 0)];
    if (dropped !== undefined) tail.push(numberField(SNAPSHOT.dropped, dropped));
    return serverMessage(timeMicros, SERVER_MESSAGE.snapshot, head, values, SNAPSHOT.events, tail);
  },

  mark: () => undefined,
};

/** The same in all three messages. */
function laneFields(feed: number, lane: Lane): Buffer[] {
  return [numberField(DATA.feed, feed), textField(DATA.lane, wireLaneName(lane)), textField(DATA.epoch, lane.epoch)];
}

/** Views of the stored values, without their commas. */
function valuesOf({ runs, eventCount }: DataFrame): Uint8Array[] {
  const values = new Array<Uint8Array>(eventCount);
  let next = 0;
  for (const { batch, from, to } of runs) {
    for (let index = from; index < to; index++) values[next++] = batch.valueAt(index);
  }
  return values;
}

function serverMessage(
  timeMicros: number,
  payloadField: number,
  head: readonly Buffer[],
  values: readonly Uint8Array[],
  valueField: number,
  tail: readonly Buffer[],
): Buffer {
  let payloadBytes = 0;
  for (const part of head) payloadBytes += part.length;
  for (const value of values) payloadBytes += bytesFieldSize(value.length);
  for (const part of tail) payloadBytes += part.length;
  const timestamp = textField(SERVER_MESSAGE.timestamp, isoTime(timeMicros));
  const messageBytes = timestamp.length + bytesFieldSize(payloadBytes);
  const writer = new ProtobufWriter(PREFIX_BYTES + messageBytes);
  writer.prefix(messageBytes);
  writer.raw(timestamp);
  writer.lengthPrefix(payloadField, payloadBytes);
  for (const part of head) writer.raw(part);
  for (const value of values) writer.bytesField(valueField, value);
  for (const part of tail) writer.raw(part);
  return writer.buffer;
}
