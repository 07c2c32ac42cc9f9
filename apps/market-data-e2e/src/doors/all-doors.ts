import {
  binaryWebSocketDoor,
  type CommandDoor,
  sseDoor,
  type StreamDoor,
  webSocketDoor,
} from '@distributary/distribution-service/testing';
import { exchangeDoor, typedDoor } from './grpc.js';

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
