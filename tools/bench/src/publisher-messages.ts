import type { EventKind } from './event-text.js';

export interface PublishPlan {
  readonly port: number;
  readonly path: string;
  /** Whatever certificate is there is taken. */
  readonly isTls?: boolean;
  /** They take turns, see {@link EventNumbering}: a block is `batchEvents`, or one event. */
  readonly topics: readonly string[];
  /** Absent: metrics. Of market data the topics are symbols. */
  readonly kind?: EventKind;
  /** Start of every event id. */
  readonly run: string;
  readonly keys: number;
  /** Each posts one batch at a time, so that order per key holds. */
  readonly connections: number;
  /** A batch waits this long for more events, counted from its oldest; 0: it goes when the connection is free. */
  readonly lingerMs: number;
  /** Every batch but the last waits until it has so many; absent: it takes what is due. */
  readonly batchEvents?: number;
  readonly eventsPerSecond: number;
  /** {@link monotonicMicros}. */
  readonly startMicros: number;
  readonly seconds: number;
  /** How long after the end what is still due may be sent. */
  readonly graceMs: number;
}

export type PublisherCommand = { readonly type: 'publish'; readonly plan: PublishPlan };

export interface PublisherResult {
  readonly type: 'published';
  /** Due by the schedule. */
  readonly due: number;
  /** Answered with success. */
  readonly accepted: number;
  /** The same by topic. */
  readonly acceptedOf: readonly number[];
  /** Due but not sent, because the service did not take them in time. */
  readonly unsent: number;
  readonly refusals: number;
  readonly errors: readonly string[];
  /** By sequence: when the answer to its batch had come, monotonic micros; 0 = it never came. */
  readonly answeredMicros: Float64Array;
  readonly posts: number;
}

export type PublisherAnswer = PublisherResult;
