/**
 * The stream protocol, the same over WebSocket, SSE (server half) and gRPC `Exchange`. Every message is
 * `{ type, payload, timestamp }`; unknown types and fields are ignored. Types only: usable in a browser.
 */
export interface Envelope<Type extends string, Payload> {
  readonly type: Type;
  readonly payload: Payload;
  /** ISO 8601, UTC. Optional from clients. */
  readonly timestamp?: string;
}

export interface WireLanePosition {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: string;
  /** Opaque; '' = before the first event. */
  readonly position: string;
}

export type WireStart =
  | 'latest'
  | 'earliest'
  /** The latest value of each key, then live. */
  | 'snapshot'
  | { readonly cursor: string }
  /** ISO 8601. */
  | { readonly time: string };

export type WireSlowPolicy = 'block' | 'conflate' | 'drop-oldest' | 'skip-to-live' | 'disconnect';
export type WireDeliveryGuarantee = 'at_most_once' | 'at_least_once' | 'exactly_once';

// ---- from the client

export interface HelloPayload {
  readonly token?: string;
  readonly client?: string;
}

/** What a selection of market data says besides. */
export interface MarketSelectionPayload {
  readonly symbols?: readonly string[];
  readonly exchanges?: readonly string[];
  readonly currencies?: readonly string[];
  readonly asset_classes?: readonly string[];
  /** Both included; decimal texts where a number does not hold all digits. */
  readonly min_price?: number | string;
  readonly max_price?: number | string;
  readonly min_volume?: number;
  readonly max_volume?: number;
}

export interface SubscribePayload extends MarketSelectionPayload {
  /** Chosen by the client, unique within its connection, at most 100 characters. */
  readonly id: string;
  /** Over topics: `+` one level, `#` the rest. */
  readonly patterns?: readonly string[];
  /** Over routing keys: `*` one word, `#` the rest. */
  readonly keys?: readonly string[];
  readonly data_types?: readonly string[];
  readonly services?: readonly string[];
  /** The filter tree as JSON, or its CEL text. */
  readonly filter?: unknown;
  /** Default: `latest`, or the stored position of a durable subscription. */
  readonly start?: WireStart;
  /** Makes it durable: the position is kept by the server under this name. */
  readonly name?: string;
  /** Who asks: events that name `target_subscribers` come to those services alone. Of a durable one: its name. */
  readonly subscriber_service?: string;
  readonly type?: 'exclusive' | 'failover' | 'shared' | 'key_shared';
  readonly delivery_guarantee?: WireDeliveryGuarantee;
  readonly slow_policy?: WireSlowPolicy;
  /** Events per second. */
  readonly max_rate?: number;
  /** Events that may be sent before more credit is given; absent = no credit is kept. */
  readonly credit?: number;
  /** Of a durable one that is new: not acknowledged after this long, it is sent again. */
  readonly ack_timeout_ms?: number;
  /** Then the event goes to the dead letters. */
  readonly max_attempts?: number;
  /** Shared types: what one session may hold unacknowledged. */
  readonly max_unacked?: number;
  /** The name of a transformation, or one itself: what becomes of each event. */
  readonly transformation?: unknown;
  /** Only these fields of each event, and `event_id`; after the transformation. */
  readonly fields?: readonly string[];
  readonly format?: 'plain' | 'cloudevents';
}

export interface UnsubscribePayload {
  readonly id: string;
}

/** Exactly one of `positions`, `cursor` (cumulative: everything up to and including them), `event_ids` and `at`. */
export interface AckPayload {
  readonly id: string;
  readonly generation: number;
  readonly positions?: readonly WireLanePosition[];
  readonly cursor?: string;
  /** One by one. */
  readonly event_ids?: readonly string[];
  /** One by one: the events at exactly these positions. */
  readonly at?: readonly WireLanePosition[];
}

/** Everything after the positions, or the single events, are to be sent again. */
export interface NackPayload extends AckPayload {
  /** Single events: after this long. */
  readonly delay_ms?: number;
}

export interface CreditPayload {
  readonly id: string;
  /** Added to what is left. */
  readonly events: number;
}

export interface HistoryPayload extends MarketSelectionPayload {
  readonly id: string;
  readonly patterns: readonly string[];
  readonly filter?: unknown;
  /** Where the page starts: ISO 8601, or the `cursor` of the page before. */
  readonly from?: string;
  readonly cursor?: string;
  readonly limit?: number;
  /** Who asks: events for certain services are shown to those alone. */
  readonly subscriber_service?: string;
  readonly transformation?: unknown;
  readonly fields?: readonly string[];
  readonly format?: 'plain' | 'cloudevents';
}

export interface PublishPayload {
  readonly id: string;
  readonly events: readonly unknown[];
  /** W3C trace context that the publishing continues; no effect where nothing is traced. */
  readonly traceparent?: string;
}

export interface ClientPayloads {
  readonly hello: HelloPayload;
  readonly subscribe: SubscribePayload;
  readonly unsubscribe: UnsubscribePayload;
  readonly ack: AckPayload;
  readonly nack: NackPayload;
  readonly credit: CreditPayload;
  readonly history: HistoryPayload;
  readonly publish: PublishPayload;
  readonly refresh: { readonly token: string };
  readonly ping: unknown;
}

export type ClientMessage = {
  [Type in keyof ClientPayloads]: Envelope<Type, ClientPayloads[Type]>;
}[keyof ClientPayloads];

// ---- from the server

export interface WelcomePayload {
  readonly session: string;
  readonly limits: {
    readonly max_subscriptions: number;
    readonly max_frame_bytes: number;
    readonly max_unconfirmed_bytes: number;
    readonly heartbeat_ms: number;
  };
}

export interface SubscribedPayload {
  readonly id: string;
  /** Number of the shared stream that this subscription's `data` frames carry. May change: then it is sent again. */
  readonly feed: number;
  readonly catalog_version: number;
  /** What this subscription has been told so far: the `prev` that its first frame of each lane will carry. */
  readonly positions: readonly WireLanePosition[];
  /** Of a durable subscription; goes with every ack. */
  readonly generation?: number;
  readonly recovered: 'full' | 'snapshot' | 'none';
  /** Shared types: how many events this session may hold unacknowledged. */
  readonly max_unacked?: number;
}

/** `lane` is `topic#partition`. `prev` is the `pos` that was told last for the lane, else a `gap` came in between. */
export interface DataPayload {
  readonly feed: number;
  readonly lane: string;
  readonly epoch: string;
  readonly prev: string;
  readonly pos: string;
  readonly events: readonly unknown[];
  /** Conflated frames: how many events the ones sent stand for, and whether that is exact. */
  readonly merged?: number;
  readonly merged_exact?: boolean;
  /** Conflated frames: keys whose latest value does not match any more. */
  readonly left?: readonly string[];
  /** Events that the subscription's transformation did not let out. Absent: none. */
  readonly dropped?: number;
  /** Events that are acknowledged one by one: where each lies. They move no position: `prev` and `pos` are ''. */
  readonly positions?: readonly string[];
  /** How often they have been sent, if more than once. */
  readonly attempt?: number;
}

/** After the final part (`last`) of a lane, at `pos`, come the events after `pos`. */
export interface SnapshotPayload {
  readonly feed: number;
  readonly lane: string;
  readonly epoch: string;
  readonly pos: string;
  readonly events: readonly unknown[];
  readonly dropped?: number;
  readonly last: boolean;
}

/** All that matched up to `pos` has been sent. */
export interface PositionPayload {
  readonly feed: number;
  readonly lane: string;
  readonly epoch: string;
  readonly prev: string;
  readonly pos: string;
}

/** Rightful events of (from, to] may be missing. The next frame's `prev` is `to`. */
export interface GapPayload {
  readonly feed: number;
  readonly id: string;
  readonly lane: string;
  readonly epoch: string;
  readonly from: string;
  readonly to: string;
  readonly reason: 'slow' | 'expired' | 'policy' | 'epoch' | 'deleted';
  readonly count?: number;
  readonly count_exact?: boolean;
}

export interface StatusPayload {
  readonly id?: string;
  readonly state: 'live' | 'recovering' | 'slow' | 'stale' | 'revoked';
}

export interface ErrorPayload {
  readonly id?: string;
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retry_after_ms?: number;
  readonly errors?: readonly { readonly path: string; readonly rule: string }[];
}

export interface ByePayload {
  readonly code: number;
  readonly reason: string;
  readonly reconnect_ms?: number;
}

export interface HistoryPagePayload {
  readonly id: string;
  readonly events: readonly unknown[];
  readonly cursor: string;
  readonly has_more: boolean;
}

export interface PublishedPayload {
  readonly id: string;
  readonly results: readonly PublishResult[];
}

export interface PublishResult {
  readonly event_id: string;
  /** Seen before within the dedupe window: it has taken effect already. */
  readonly duplicate: boolean;
  readonly topic: string;
  readonly partition: number;
  readonly epoch: string;
  readonly position: string;
}

export interface ServerPayloads {
  readonly welcome: WelcomePayload;
  readonly subscribed: SubscribedPayload;
  readonly unsubscribed: { readonly id: string };
  readonly data: DataPayload;
  readonly snapshot: SnapshotPayload;
  readonly position: PositionPayload;
  readonly gap: GapPayload;
  readonly status: StatusPayload;
  readonly error: ErrorPayload;
  readonly bye: ByePayload;
  readonly history: HistoryPagePayload;
  readonly published: PublishedPayload;
  readonly refreshed: Record<string, never>;
  readonly pong: { readonly echo: unknown; readonly server_time: string };
}

export type ServerMessage = {
  [Type in keyof ServerPayloads]: Envelope<Type, ServerPayloads[Type]>;
}[keyof ServerPayloads];

/** 40xx and 41xx: come back with the cursor. 44xx: do not, unless something changes. */
export const CLOSE_CODES = {
  goingAway: 4000,
  draining: 4001,
  tooSlow: 4008,
  positionLost: 4010,
  heartbeatMissed: 4012,
  rate: 4013,
  overloaded: 4100,
  malformed: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  unknownResource: 4404,
  subprotocol: 4406,
  helloTimeout: 4408,
  conflict: 4409,
  tooBig: 4413,
  quota: 4429,
  internal: 4500,
} as const;

export const SUBPROTOCOL_JSON = 'distributary.v1.json';
/** Events as bytes, see docs/protocol.md; everything else as in JSON. */
export const SUBPROTOCOL_BINARY = 'distributary.v1.bin';
