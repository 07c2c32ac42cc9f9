import type { FrameEncoder } from '@distributary/distribution-core';
import { dataMessage, positionMessage, snapshotMessage } from '../json-messages.js';
import { pingFrame, textFrame } from './websocket-frames.js';

/** `distributary.v1.json`: each message is one text frame; a mark is a ping. */
export const websocketJsonEncoder: FrameEncoder = {
  name: 'websocket-json',
  data: (frame) => textFrame(dataMessage(frame)),
  position: (frame) => textFrame(positionMessage(frame)),
  snapshot: (frame) => textFrame(snapshotMessage(frame)),
  mark: (mark) => pingFrame(String(mark)),
};
