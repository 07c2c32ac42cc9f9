import type { ConflationFindings } from './conflation-check.js';
import type { LoadTarget } from './load-connection.js';
import type { SequenceFindings } from './sequence-check.js';
import type { TopicShare } from './topic-share.js';

export interface Window {
  /** {@link monotonicMicros}. */
  readonly fromMicros: number;
  readonly toMicros: number;
}

export type LoadCommand =
  | {
      readonly type: 'connect';
      /** The connections take turns on them. */
      readonly targets: readonly LoadTarget[];
      /** They take turns on these, too; absent: 1. */
      readonly topics?: number;
      /** Which of them each connection has; absent: one, in turns. */
      readonly share?: TopicShare;
      /** Events may be merged into later ones of their topic; then each connection that is checked counts them. */
      readonly conflates?: boolean;
      /** Neighbouring events of one topic, see {@link EventNumbering}; absent: 1. */
      readonly block?: number;
      readonly count: number;
      /** Every such connection checks the sequence of every event. */
      readonly sampleEvery: number;
      readonly keys: number;
      /** After a loss: come back with the cursor. */
      readonly reconnects: boolean;
    }
  /** Each sends the subscription of its target. */
  | { readonly type: 'subscribe' }
  | { readonly type: 'measure'; readonly window: Window }
  /** Answers when each connection has the `events` of its topic, or nothing has come for `quietMs`. */
  | {
      readonly type: 'finish';
      readonly events: readonly number[];
      readonly quietMs: number;
      readonly withSamples: boolean;
    }
  /** Answers when all have been told that they are subscribed so often, or at the deadline. */
  | { readonly type: 'await-live'; readonly times: number; readonly deadlineMs: number }
  | { readonly type: 'close' };

export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface LoadResult {
  readonly type: 'result';
  readonly connections: number;
  readonly closed: number;
  readonly events: number;
  /** Due to all connections together. */
  readonly due: number;
  /** Received within the window. */
  readonly deliveries: number;
  readonly framesInWindow: number;
  /** When the last data came, monotonic micros. */
  readonly lastFrameMicros: number;
  /** Bytes of an event as it was delivered, its comma included. */
  readonly eventBytes: number;
  /** Milliseconds from the scheduled send, of the events that were due within the window. */
  readonly fromScheduled: Latencies;
  readonly brokenChains: number;
  readonly gaps: number;
  readonly sampledConnections: number;
  /** Added up over the sampled connections. */
  readonly sampled: SequenceFindings;
  /** Of subscribers that are conflated: their `events` are the merged ones, too. */
  readonly conflation?: ConflationFindings;
  readonly recovered: Readonly<Record<string, number>>;
  readonly errors: readonly string[];
  /** Triples: sequence, received micros, deliveries that it stands for. */
  readonly samples: Float64Array;
}

export type LoadAnswer =
  | { readonly type: 'connected'; readonly tookMs: number; readonly failed: number; readonly errors: readonly string[] }
  | {
      readonly type: 'live';
      readonly lastLiveMicros: number;
      readonly live: number;
      readonly errors: readonly string[];
    }
  | LoadResult
  | { readonly type: 'closed' };
