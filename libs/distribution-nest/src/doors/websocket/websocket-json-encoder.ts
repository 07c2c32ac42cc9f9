import type { FrameEncoder } from '@distributary/distribution-core';
import { dataMessage, positionMessage, snapshotMessage } from '../json-messages.js';
import { type Framing, pingFrame } from './websocket-frames.js';

/** `distributary.v1.json`: each message is one text frame; a mark is a ping. */
export const websocketJsonEncoder = (framing: Framing): FrameEncoder => ({
  name: `websocket-json${framing.name}`,
  data: (frame) => framing.text(dataMessage(frame)),
  position: (frame) => framing.text(positionMessage(frame)),
  snapshot: (frame) => framing.text(snapshotMessage(frame)),
  mark: (mark) => pingFrame(String(mark)),
});
