import type { Latencies, Window } from '../load-messages.js';
import type { SequenceFindings } from '../sequence-check.js';
import type { GrpcMethod } from './grpc-method.js';

export type GrpcLoadCommand =
  | {
      readonly type: 'connect';
      readonly port: number;
      readonly method: GrpcMethod;
      readonly topic: string;
      /** Streams, each on a connection of its own. */
      readonly count: number;
      /** Every such stream checks the sequence of every event. */
      readonly sampleEvery: number;
      readonly keys: number;
    }
  | { readonly type: 'measure'; readonly window: Window }
  /** Answers when each stream has `events`, or nothing has come for `quietMs`. */
  | { readonly type: 'finish'; readonly events: number; readonly quietMs: number };

export interface GrpcLoadResult {
  readonly type: 'result';
  readonly closed: number;
  readonly gaps: number;
  /** Messages that did not begin where the one before them had ended. */
  readonly brokenChains: number;
  /** Of all streams since they were opened. */
  readonly events: number;
  /** Received within the window. */
  readonly deliveries: number;
  /** Those with events, within the window. */
  readonly messages: number;
  /** Bytes of an event as it was delivered, what its message has besides included. */
  readonly eventBytes: number;
  /** Milliseconds from the scheduled send, of the events that were due within the window. */
  readonly fromScheduled: Latencies;
  /** Added up over the sampled streams. */
  readonly sampled: SequenceFindings;
  readonly errors: readonly string[];
  /** Triples: sequence, received micros, deliveries that it stands for. */
  readonly samples: Float64Array;
}

export type GrpcLoadAnswer =
  { readonly type: 'connected'; readonly failed: number; readonly errors: readonly string[] } | GrpcLoadResult;
