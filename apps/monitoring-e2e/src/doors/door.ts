export {
  type CommandDoor,
  type CommandStream,
  reopened,
  type Selection,
  type Stream,
  type StreamDoor,
  subscribed,
} from '@distributary/distribution-service/testing';
