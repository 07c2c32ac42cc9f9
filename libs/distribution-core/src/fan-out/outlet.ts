import type { EventBatch } from '../event-batch.js';
import type { Lane } from '../lane.js';
import type { LanePosition, Position } from '../position.js';

/** Neighbouring events of one batch: [from, to). */
export interface Run {
  readonly batch: EventBatch;
  readonly from: number;
  readonly to: number;
}

export interface DataFrame {
  readonly feed: number;
  readonly lane: Lane;
  readonly prev: Position;
  readonly pos: Position;
  readonly runs: readonly Run[];
  /** Of all runs. */
  readonly eventCount: number;
  readonly timeMicros: number;
  /** Where the whole feed stands after this frame; made only if the encoding asks for it (SSE ids do). */
  readonly positions: () => readonly LanePosition[];
  readonly conflation?: Conflation;
  /** Its events are acknowledged one by one and move no position: `prev` and `pos` are before the first event. */
  readonly single?: SingleDeliveries;
  /** Events that the subscription's transformation did not let out. Absent: none. */
  readonly dropped?: number;
}

/** What a frame says of events that are acknowledged one by one. */
export interface SingleDeliveries {
  /** Of each event, in the order of the runs. */
  readonly positions: readonly Position[];
  /** How often they have been sent, this time included. */
  readonly attempt: number;
}

/** What a conflated frame says of the events that it does not hold. */
export interface Conflation {
  /** Events that the ones in the frame stand for, themselves included. */
  readonly merged: number;
  readonly mergedExact: boolean;
  /** Keys whose latest event does not match any more. */
  readonly left: readonly string[];
}

export interface PositionFrame {
  readonly feed: number;
  readonly lane: Lane;
  readonly prev: Position;
  readonly pos: Position;
  readonly timeMicros: number;
  readonly positions: () => readonly LanePosition[];
}

export interface SnapshotFrame {
  readonly feed: number;
  readonly lane: Lane;
  readonly pos: Position;
  /** JSON text of each event. */
  readonly values: readonly Uint8Array[];
  /** As of {@link DataFrame}. */
  readonly dropped?: number;
  /** The lane's. */
  readonly isLast: boolean;
  /** The last of the last lane: only from here on do {@link positions}, which are those after the snapshot, resume it. */
  readonly isLastOfAll: boolean;
  readonly timeMicros: number;
  readonly positions: () => readonly LanePosition[];
}

/**
 * Turns frames into the bytes of one transport, framing included, so that the same buffer goes to every member of a
 * feed. Pure: nothing of a connection gets in.
 */
export interface FrameEncoder {
  /** Part of a feed's identity. */
  readonly name: string;
  /** Events may be any bytes; absent: they must be JSON. */
  readonly carriesBytes?: boolean;
  data(frame: DataFrame): Buffer;
  position(frame: PositionFrame): Buffer;
  snapshot(frame: SnapshotFrame): Buffer;
  /** Asks the peer to confirm what came before; undefined if the transport confirms in its own way. */
  mark(mark: number): Buffer | undefined;
}

/** Messages that go to one subscription only; the door adds type, payload and time as its transport has them. */
export type SessionMessage = {
  readonly type:
    | 'subscribed'
    | 'unsubscribed'
    | 'gap'
    | 'status'
    | 'error'
    | 'bye'
    | 'history'
    | 'published'
    | 'pong'
    | 'welcome'
    | 'refreshed';
  readonly payload: unknown;
};

export type CloseReason =
  | 'going_away'
  | 'draining'
  | 'too_slow'
  | 'position_lost'
  | 'ownership_lost'
  | 'overloaded'
  | 'malformed'
  | 'too_big'
  | 'heartbeat_missed'
  | 'hello_timeout'
  | 'subprotocol'
  | 'unauthenticated'
  | 'token_expired'
  | 'revoked'
  | 'quota'
  | 'internal';

/**
 * The way out of one session. Writes go out in the order of the calls. "Unconfirmed" bytes were written and the peer
 * has not yet shown that it read them; how it shows that is the transport's matter.
 *
 * `write` never blocks and never throws; after the connection is gone it does nothing. `onRoom` is called (at most once
 * per time that unconfirmed bytes fall) below half of the limit, never from inside `write`.
 */
export interface Outlet {
  /** `mark` is not 0 if the bytes end in the encoder's mark of that number. */
  write(bytes: Buffer, mark: number): void;
  send(message: SessionMessage): void;
  readonly unconfirmedBytes: number;
  /** Written after the last mark; 0 on transports without marks. */
  readonly unmarkedBytes: number;
  readonly limitBytes: number;
  /** What flows to this session at present; the limit follows it. */
  setRate(bytesPerSecond: number): void;
  onRoom: (() => void) | undefined;
  close(reason: CloseReason, reconnectMs?: number): void;
}
