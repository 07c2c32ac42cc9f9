export type IdleCommand =
  | {
      readonly type: 'connect';
      readonly port: number;
      /** With the query that subscribes at once. */
      readonly path: string;
      /** The address that the connections come from: each has ports of its own. */
      readonly localAddress: string;
      readonly count: number;
    }
  | { readonly type: 'count' }
  /** Answers when each connection has had an event since it was opened, or at the deadline. */
  | { readonly type: 'await-events'; readonly deadlineMs: number };

export interface IdleCounts {
  /** Subscribed, and not closed. */
  readonly open: number;
  /** Connections that were sent an event. */
  readonly reached: number;
  readonly pings: number;
  /** Of the last first event on any connection, `monotonicMicros`; 0 before there was one. */
  readonly lastEventMicros: number;
  readonly errors: readonly string[];
}

export type IdleAnswer = Told<'connected'> | Told<'counted'> | Told<'events'>;

interface Told<Type> {
  readonly type: Type;
  readonly counts: IdleCounts;
}
