import type { RunFigures } from '../run-figures.js';

/** What was offered, and what came of it. */
export interface Attempt {
  readonly rate: number;
  readonly run: RunFigures;
}

export interface KeptRate {
  /** The last that was offered: the first that was kept, if any was. */
  readonly rate: number;
  readonly isKept: boolean;
  /** At higher rates. */
  readonly before: readonly Attempt[];
  /** At the rate, the first one that was kept included. */
  readonly runs: readonly RunFigures[];
}

/** Offers less and less until a run is kept, and then as much again, until there are as many runs as asked for. */
export async function keptRate(
  rates: readonly number[],
  runs: number,
  runAt: (rate: number) => Promise<RunFigures>,
  isKept: (run: RunFigures) => boolean,
): Promise<KeptRate> {
  const attempts: Attempt[] = [];
  for (const rate of rates) {
    attempts.push({ rate, run: await runAt(rate) });
    if (isKept(attempts[attempts.length - 1].run)) break;
  }
  const before = attempts.slice(0, -1);
  const { rate, run } = attempts[attempts.length - 1];
  const all = [run];
  while (all.length < runs) all.push(await runAt(rate));
  return { rate, isKept: isKept(run), before, runs: all };
}
