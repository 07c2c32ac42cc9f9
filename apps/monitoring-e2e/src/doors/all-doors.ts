import type { CommandDoor, StreamDoor } from './door.js';
import { exchangeDoor, typedDoor } from './grpc.js';
import { sseDoor } from './server-sent-events.js';
import { binaryWebSocketDoor, webSocketDoor } from './web-socket.js';

/** For `describe.each`: what streams is the same through every one of them. */
export const STREAM_DOORS: readonly StreamDoor[] = [
  webSocketDoor,
  binaryWebSocketDoor,
  sseDoor,
  exchangeDoor,
  typedDoor,
];

/** Those that also take commands. */
export const COMMAND_DOORS: readonly CommandDoor[] = [webSocketDoor, binaryWebSocketDoor, exchangeDoor];
