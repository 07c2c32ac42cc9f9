import type { Latencies } from '../load-messages.js';

export type BareCommand =
  | { readonly type: 'consume'; readonly brokers: readonly string[]; readonly topic: string }
  /** Counts what was due from so many seconds after the first event on, for as long. */
  | { readonly type: 'finish'; readonly warmUpSeconds: number; readonly seconds: number };

export interface BareResult {
  readonly type: 'result';
  readonly events: number;
  /** From the scheduled send to the receipt. */
  readonly fromScheduled: Latencies;
  readonly cpuSeconds: number;
}

export type BareAnswer = { readonly type: 'consuming' } | BareResult;
