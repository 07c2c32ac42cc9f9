export interface DisturberPlan {
  readonly port: number;
  readonly ingestPath: string;
  readonly streamPath: string;
  /** Where large batches go, and history is asked of. */
  readonly batchTopic: string;
  readonly batchEvents: number;
  readonly eventBytes: number;
  /** Of so many keys the latest values are asked for. */
  readonly keyedTopic: string;
  readonly keys: number;
}

export type DisturberCommand =
  { readonly type: 'prepare'; readonly plan: DisturberPlan } | { readonly type: 'disturb'; readonly seconds: number };

export type DisturberAnswer =
  | { readonly type: 'prepared'; readonly errors: readonly string[] }
  | { readonly type: 'disturbed'; readonly rounds: number; readonly errors: readonly string[] };
