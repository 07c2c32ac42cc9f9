export interface PublishPlan {
  readonly port: number;
  readonly path: string;
  readonly topic: string;
  /** Start of every event id. */
  readonly run: string;
  readonly keys: number;
  /** Each posts one batch at a time, so that order per key holds. */
  readonly connections: number;
  /** A batch waits this long for more events, counted from its oldest; 0: it goes when the connection is free. */
  readonly lingerMs: number;
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
  /** Due but not sent, because the service did not take them in time. */
  readonly unsent: number;
  readonly refusals: number;
  readonly errors: readonly string[];
  /** By sequence: when the answer to its batch had come, monotonic micros; 0 = it never came. */
  readonly answeredMicros: Float64Array;
  readonly posts: number;
  readonly cpuSeconds: number;
}

export type PublisherAnswer = PublisherResult;
