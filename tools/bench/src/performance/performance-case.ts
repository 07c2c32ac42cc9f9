/** One line of the table in docs/performance.md: `npm run bench -- <name>`. */
export interface PerformanceCase {
  readonly name: string;
  /** What is done, in a few words. */
  readonly title: string;
  run(options: CaseOptions): Promise<CaseResult>;
}

export interface CaseOptions {
  /** Measured seconds of each run. */
  readonly seconds: number;
  /** Interleaved pairs with whatever the case is compared to. */
  readonly pairs: number;
  /** Small and short: to see that it works. Its figures mean nothing, and no goal is judged. */
  readonly quick: boolean;
  /** The server on CPU 0, the load on CPU 1. */
  readonly pin: boolean;
  /** Where the server leaves profiles of its processor time; absent: none. */
  readonly profileFolder?: string;
  /** Progress, a line a run. */
  readonly note: (line: string) => void;
}

export interface CaseResult {
  readonly figures: readonly Figure[];
  /** What was wrong besides: events that are missing, errors. A result with findings has failed. */
  readonly findings: readonly string[];
}

/** Something that was measured once in each run. */
export interface Figure {
  readonly name: string;
  readonly unit:
    | 'deliveries/s'
    | 'deliveries/CPU-s'
    | 'events/s'
    | 'events/CPU-s'
    | 'matches/s'
    | 'ms'
    | 'ms/s'
    | 'MiB'
    | 'KiB'
    | 'times'
    | 'cores'
    | 'events'
    | '%';
  readonly values: readonly number[];
  /** Judged by the median. */
  readonly goal?: Goal;
  /** Of what the case is compared to: it tells how much runs of the same thing differ here and now. */
  readonly isPeer?: boolean;
  /** A ratio to a peer, of which more is better: later runs are held to it. */
  readonly isBaseline?: boolean;
}

export type Goal = { readonly atLeast: number } | { readonly atMost: number };
