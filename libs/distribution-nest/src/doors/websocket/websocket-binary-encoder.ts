import type { DataFrame, FrameEncoder } from '@distributary/distribution-core';
import { dataMessage, positionMessage, snapshotMessage } from '../json-messages.js';
import { type Framing, pingFrame } from './websocket-frames.js';

const VERSION = 1;
const PREAMBLE_BYTES = 12;
const COMMA = Buffer.from(',');

/**
 * `distributary.v1.bin`: messages that hold events are binary frames, so that a client may take their bytes without
 * parsing them; all others are the text frames of `distributary.v1.json`.
 *
 * Layout, version 1, little endian:
 *   u8 version, 3 bytes zero, u32 bytes of the head, u32 count,
 *   head                JSON text of the message, its `events` empty: whatever JSON says, this says
 *   u32 lengths[count]  of each event
 *   events              JSON text in UTF-8, or what the transformation makes of it; each followed by one comma
 */
export const websocketBinaryEncoder = (framing: Framing): FrameEncoder => ({
  name: `websocket-binary${framing.name}`,
  carriesBytes: true,
  data: (frame) => {
    const lengths: number[] = [];
    const parts: Uint8Array[] = [];
    for (const { batch, from, to } of frame.runs) {
      for (let index = from; index < to; index++) lengths.push(batch.bytesOf(index, index + 1) - 1);
      parts.push(batch.runOf(from, to));
    }
    return eventsFrame(framing, dataMessage(withoutEvents(frame)), lengths, parts);
  },
  position: (frame) => framing.text(positionMessage(frame)),
  snapshot: (frame) =>
    eventsFrame(
      framing,
      snapshotMessage({ ...frame, values: [] }),
      frame.values.map((value) => value.length),
      frame.values.flatMap((value) => [value, COMMA]),
    ),
  mark: (mark) => pingFrame(String(mark)),
});

const withoutEvents = (frame: DataFrame): DataFrame => ({ ...frame, runs: [] });

function eventsFrame(
  framing: Framing,
  message: readonly Uint8Array[],
  lengths: readonly number[],
  values: readonly Uint8Array[],
): Buffer {
  const head = Buffer.concat(message);
  const preamble = Buffer.alloc(PREAMBLE_BYTES);
  preamble[0] = VERSION;
  preamble.writeUInt32LE(head.length, 4);
  preamble.writeUInt32LE(lengths.length, 8);
  const table = Buffer.allocUnsafe(4 * lengths.length);
  lengths.forEach((length, index) => table.writeUInt32LE(length, 4 * index));
  return framing.binary([preamble, head, table, ...values]);
}
