import type { Framing } from './post-template.js';

export interface PostingPlan {
  readonly port: number;
  readonly path: string;
  readonly topic: string;
  /** Start of every event id. */
  readonly run: string;
  readonly framing: Framing;
  readonly eventsPerPost: number;
  /** Each has one request under way at a time. */
  readonly connections: number;
  /** {@link monotonicMicros}; it posts at once, and until the end of the window. */
  readonly fromMicros: number;
  readonly toMicros: number;
}

export interface PostingCommand {
  readonly type: 'post';
  readonly plan: PostingPlan;
}

export interface PostingResult {
  readonly type: 'posted';
  /** Events that were answered with success, the warm-up included; each of them once. */
  readonly accepted: number;
  /** Of those, the ones whose answer came within the window. */
  readonly acceptedInWindow: number;
  /** From the write of a request to the end of its answer, within the window; milliseconds. */
  readonly latencies: Float64Array;
  /** Answers without success; what they refused was posted again. */
  readonly refusals: number;
  /** Events that the service took for copies of others. */
  readonly duplicates: number;
  /** Events of which nobody knows whether they are in the log. */
  readonly unanswered: number;
  readonly errors: readonly string[];
}

export type PostingAnswer = PostingResult;
