export type { DistributaryClient } from './client.js';
export { decodeCursor, encodeCursor, type Cursor } from './cursor-codec.js';
export { DistributaryError, type ClientErrorCode } from './errors.js';
export type { EventBatch, Gap, StatusChange, StreamEvent, Subscribed, SubscriptionMessage } from './messages.js';
export type { ClientState, ConnectOptions, HistoryOptions, SubscribeOptions, SubscriptionHandlers } from './options.js';
export type { ClientClock } from './runtime.js';
export type { Subscription, SubscriptionEnd } from './subscription.js';
export type { WebSocketConstructor, WebSocketLike } from './web-socket/web-socket.js';
