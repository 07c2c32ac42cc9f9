import type { SubscribePayload, WireStart } from '@distributary/contracts';
import type { DistributaryError } from './errors.js';
import type { EventBatch, Gap, StatusChange, StreamEvent, Subscribed } from './messages.js';
import type { ClientClock } from './runtime.js';
import type { WebSocketConstructor } from './web-socket/web-socket.js';

export type ClientState = 'connecting' | 'open' | 'waiting' | 'closed' | 'failed';

export interface ConnectOptions {
  /** Which service a bare origin is: `monitoring` (the default) or `market-data`. */
  readonly api?: string;
  /** Default `websocket`. SSE passes more proxies, but has no acknowledgements, no credit and no history. */
  readonly transport?: 'websocket' | 'sse';
  /**
   * An API key or a JWT. A function is asked anew before every connection, so that a session whose token has expired goes
   * on with another one; a text that expires ends the client with `auth.expired`.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** Over WebSocket: events as bytes that are parsed one by one, rather than inside one JSON text. Default false. */
  readonly binary?: boolean;
  /** Names this program in the service's list of sessions. */
  readonly clientName?: string;
  /** Default: the global one (browsers, Node 22), or `ws` where the package is loaded by Node. */
  readonly WebSocket?: WebSocketConstructor;
  readonly fetch?: typeof fetch;
  readonly clock?: ClientClock;
  readonly random?: () => number;
  /** Silence after which the connection is tested, ms. Default 60 000. */
  readonly maxSilenceMs?: number;
  /** How long `publish` and `history` wait for their answer, ms. Default 30 000. */
  readonly requestTimeoutMs?: number;
  /** `error` says why the connection was lost or, with `failed`, why it will not come back. */
  readonly onStateChange?: (state: ClientState, error?: DistributaryError) => void;
  /** Errors that concern no single subscription. */
  readonly onError?: (error: DistributaryError) => void;
}

/** The protocol's `subscribe` in this language's spelling; names mean what they mean there. */
export interface SubscribeOptions {
  /** Over topics: `+` one level, `#` the rest. */
  readonly patterns?: readonly string[];
  /** Over routing keys: `*` one word, `#` the rest. */
  readonly keys?: readonly string[];
  readonly dataTypes?: readonly string[];
  readonly services?: readonly string[];
  /** Market data, as these and the next are: at most 1,000, as they are written. */
  readonly symbols?: readonly string[];
  readonly exchanges?: readonly string[];
  readonly currencies?: readonly string[];
  readonly assetClasses?: readonly string[];
  /** Included, like the other bounds; a text where the digits are more than a number holds. */
  readonly minPrice?: number | string;
  readonly maxPrice?: number | string;
  readonly minVolume?: number;
  readonly maxVolume?: number;
  /** CEL text (`severity == "CRITICAL"`) or the filter tree. */
  readonly filter?: unknown;
  readonly start?: WireStart;
  /** Makes it durable: the service keeps its position under this name. */
  readonly name?: string;
  /** Who this is: events addressed to services (`target_subscribers`) come to those alone. Durable: default is the name. */
  readonly subscriberService?: string;
  readonly type?: SubscribePayload['type'];
  readonly deliveryGuarantee?: SubscribePayload['delivery_guarantee'];
  readonly slowPolicy?: SubscribePayload['slow_policy'];
  /** Events per second. */
  readonly maxRate?: number;
  /** At most so many events are under way or waiting here; a hanging consumer then stops the flow. */
  readonly credit?: number;
  /** Events that may wait here without credit. Default 10 000; at the limit reading stops. */
  readonly maxQueuedEvents?: number;
  /** Durable: acknowledge what the handler has finished, at most every 200 ms. */
  readonly autoAck?: boolean;
  /** New durable ones: not acknowledged after this long, ms, it is sent again. */
  readonly ackTimeoutMs?: number;
  /** New durable ones: then an event goes to the dead letters. */
  readonly maxAttempts?: number;
  /** New shared ones: events that this consumer may hold unacknowledged. */
  readonly maxUnacked?: number;
  /** What becomes of each event: the name of a transformation, or one itself. */
  readonly transformation?: unknown;
  /** Only these fields of each event, and `event_id`; after the transformation. */
  readonly fields?: readonly string[];
  /** `cloudevents`: each event as CloudEvents 1.0. */
  readonly format?: 'plain' | 'cloudevents';
  /** Drop copies by `event_id` within a window of so many events; `true` = 10 000. Snapshots are never thinned. */
  readonly dedupe?: boolean | number;
}

/**
 * Called one after the other, in order; a promise holds back what follows. One that throws ends the subscription with
 * `handler.failed`: its batch is not acknowledged and not part of the cursor.
 */
export interface SubscriptionHandlers {
  readonly onEvents?: (batch: EventBatch) => void | Promise<void>;
  /** For each event of a batch; its position counts as reached after the last one. */
  readonly onEvent?: (event: StreamEvent, batch: EventBatch) => void | Promise<void>;
  readonly onGap?: (gap: Gap) => void | Promise<void>;
  readonly onStatus?: (status: StatusChange) => void | Promise<void>;
  readonly onSubscribed?: (subscribed: Subscribed) => void | Promise<void>;
  /** Errors that do not end the subscription. What ends it is in `subscription.ended`. */
  readonly onError?: (error: DistributaryError) => void;
}

export interface HistoryOptions {
  readonly patterns: readonly string[];
  readonly filter?: unknown;
  /** ISO 8601. */
  readonly from?: string;
  /** Of the page before. */
  readonly cursor?: string;
  readonly limit?: number;
}
