import { quantile } from '@distributary/bench';
import type { Judgement } from './loss-ledger.js';

/** What the ledger found of one subscription. */
export interface Figures {
  /** Whose: its guarantee or its type. */
  readonly reader: string;
  readonly due: number;
  readonly missing: number;
  readonly duplicates: number;
  readonly outOfOrder: number;
  readonly unannounced: number;
  /** From a fault until the first event of a key that was sent after it; of all faults and keys. */
  readonly recovery?: {
    readonly count: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly maxMs: number;
  };
}

export function figuresOf(reader: string, found: Judgement, recoveriesMs: readonly number[] = []): Figures {
  const { due, missing, duplicated: duplicates, outOfOrder, unannounced } = found;
  const figures = { reader, due, missing, duplicates, outOfOrder, unannounced };
  if (recoveriesMs.length === 0) return figures;
  const sorted = [...recoveriesMs].sort((a, b) => a - b);
  const recovery = {
    count: sorted.length,
    p50Ms: Math.round(quantile(sorted, 0.5)),
    p99Ms: Math.round(quantile(sorted, 0.99)),
    maxMs: Math.round(sorted[sorted.length - 1]),
  };
  return { ...figures, recovery };
}
