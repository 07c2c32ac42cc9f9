import { SUBPROTOCOL_BINARY } from '@distributary/contracts';
import type { FrameEncoder } from '@distributary/distribution-core';
import type { WebSocket } from 'ws';
import { websocketBinaryEncoder } from './websocket-binary-encoder.js';
import { DEFLATED, PLAIN } from './websocket-frames.js';
import { websocketJsonEncoder } from './websocket-json-encoder.js';

const JSON_ENCODERS = { plain: websocketJsonEncoder(PLAIN), deflated: websocketJsonEncoder(DEFLATED) };
const BINARY_ENCODERS = { plain: websocketBinaryEncoder(PLAIN), deflated: websocketBinaryEncoder(DEFLATED) };

/** As the handshake settled it: the subprotocol, and whether frames may be compressed. */
export function encoderFor(client: Pick<WebSocket, 'protocol' | 'extensions'>): FrameEncoder {
  const encoders = client.protocol === SUBPROTOCOL_BINARY ? BINARY_ENCODERS : JSON_ENCODERS;
  return client.extensions.includes('permessage-deflate') ? encoders.deflated : encoders.plain;
}
