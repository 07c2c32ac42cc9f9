import type { EventRecord } from '../event.js';
import type { EventBatch } from '../event-batch.js';
import type { Lane } from '../lane.js';
import type { LanePosition, Position } from '../position.js';

/** How long a lane keeps what it has; whichever limit is met first. 0 = no such limit. */
export interface Retention {
  readonly ms: number;
  readonly bytes: number;
}

export interface LogTopic {
  readonly name: string;
  readonly partitions: number;
  readonly retention: Retention;
  /** By partition. A topic deleted and created again has other epochs. */
  readonly lanes: readonly Lane[];
}

export interface LaneEnds {
  readonly lane: Lane;
  /** Reading from here gives the oldest event that is kept. */
  readonly beforeFirst: Position;
  /** Of the newest event that readers can see; equal to `beforeFirst` if there is none. */
  readonly last: Position;
  readonly events: number;
  readonly bytes: number;
}

export interface LaneAppend {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly EventRecord[];
}

/** Where the records of one {@link LaneAppend} went: all positions of that append, in its order. */
export interface Appended {
  readonly lane: Lane;
  readonly first: Position;
  readonly last: Position;
}

/** One process's membership of a group between two of the group's changes. */
export interface GroupMember {
  readonly memberId: string;
  readonly generation: number;
}

/** The positions that a group commits together with what it appends. */
export interface GroupCommit {
  readonly group: string;
  readonly positions: readonly LanePosition[];
  /**
   * Who commits. A log whose broker knows the members of its groups refuses the whole append with `generation.stale` when
   * this is not one of them any more; other logs do not look at it.
   */
  readonly member?: GroupMember;
}

export interface TailStart {
  readonly topic: string;
  readonly partition: number;
  /** Only events with a greater position are given. */
  readonly after: Position;
  /** If given and not the lane's present epoch: `position.lost`. */
  readonly epoch?: string;
}

/**
 * A durable, partitioned log: the broker beneath everything.
 *
 * Order: events of one lane are read in the order of their positions by every reader, always the same one. Appends
 * to one lane that were called one after another (the first one not yet resolved, even) lie in that order.
 *
 * Atomicity: one `append` is all or nothing across its lanes where `transactions` is true; elsewhere each lane of it is.
 * It resolves once the stated durability is reached, and what it acknowledged survives a crash of any process. What
 * was not acknowledged may or may not be there afterwards. Readers see an append only when it is complete.
 *
 * Failure: a broker that cannot take or give data rejects with `broker.unavailable` (retryable); the log itself stays
 * sound. An unknown topic is `topic.not_found`; a position of another epoch, or one that retention has passed by more
 * than the events it promised, is `position.lost`; too large a record is `payload.too_large`.
 *
 * Overlap: every call may overlap every other. Bytes in flight are bounded; at the bound `append` rejects with
 * `ingest.busy`.
 *
 * Shutdown: `close` ends tails, waits for appends in flight, and makes later calls reject with `broker.unavailable`.
 */
export interface Log {
  /** Whether `append` over several lanes, and `append` with a {@link GroupCommit}, are one transaction. */
  readonly transactions: boolean;

  /** `topic.exists` if there is one of that name. */
  createTopic(name: string, partitions: number, retention: Retention): Promise<LogTopic>;
  /** Readers of it get `topic.not_found`; nothing of it can be read again, by any name. */
  deleteTopic(name: string): Promise<void>;
  setRetention(name: string, retention: Retention): Promise<void>;
  listTopics(): Promise<readonly LogTopic[]>;
  /** By partition. */
  ends(topic: string): Promise<readonly LaneEnds[]>;

  /** In the order of the argument. With `commit`, positions of the group move in the same transaction. */
  append(appends: readonly LaneAppend[], commit?: GroupCommit): Promise<readonly Appended[]>;

  /**
   * Batches after the start, then new ones as they come, until the signal aborts (the iteration then ends without an
   * error). Reads ahead at most one batch of about `maxBatchBytes`, so a reader that stops asking stops the tail.
   */
  tail(
    start: TailStart,
    options: { readonly signal: AbortSignal; readonly maxBatchBytes?: number },
  ): AsyncIterable<EventBatch>;

  /** At most about `maxBytes` of what is there now, oldest first; empty at the end. Never waits for new events. */
  read(start: TailStart, maxBytes: number): Promise<readonly EventBatch[]>;

  /** The position just before the first event that the broker took at or after this time (epoch microseconds). */
  seek(topic: string, partition: number, timeMicros: number): Promise<Position>;

  committed(group: string): Promise<readonly LanePosition[]>;
  commit(commit: GroupCommit): Promise<void>;
  deleteGroup(group: string): Promise<void>;

  close(): Promise<void>;
}
