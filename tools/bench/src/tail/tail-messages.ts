/** Who reads, and from where. */
export type TailSource =
  | { readonly by: 'embedded'; readonly directory: string }
  | { readonly by: 'distributary' | 'kafkajs' | 'platformatic'; readonly brokers: readonly string[] };

export interface TailCommand {
  readonly type: 'read';
  readonly source: TailSource;
  /** In all lanes together: reading ends with the last of them. */
  readonly events: number;
  /** Where a profile of this read is left; absent: none is made. */
  readonly profileFolder?: string;
}

/** From the first batch, which is not counted, to the last. */
export interface TailResult {
  readonly type: 'result';
  readonly events: number;
  readonly seconds: number;
  /** Of the process, all its threads. */
  readonly cpuSeconds: number;
  /** Wrong about what was read; undefined: nothing. */
  readonly finding: string | undefined;
}
