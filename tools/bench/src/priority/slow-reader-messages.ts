export type SlowReaderCommand =
  | {
      readonly type: 'read-slowly';
      readonly port: number;
      readonly path: string;
      readonly count: number;
      /** Of each reader, roughly. */
      readonly bytesPerSecond: number;
    }
  | { readonly type: 'count' };

export type SlowReaderAnswer =
  | { readonly type: 'reading'; readonly open: number }
  | { readonly type: 'counted'; readonly open: number; readonly bytes: number };
