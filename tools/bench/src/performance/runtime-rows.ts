import type { RuntimeFigures } from '../runtime-figures.js';
import type { Figure, Goal } from './performance-case.js';

interface Measured {
  readonly runtime?: RuntimeFigures;
}

/** What held up the service's main thread in the runs' windows; nothing of a server that does not tell of it. */
export function runtimeRows(runs: readonly Measured[], loopGoal?: Goal): Figure[] {
  const of = runs.map(({ runtime }) => runtime).filter((runtime) => runtime !== undefined);
  if (of.length === 0) return [];
  return [
    { name: 'loop delay p99.9', unit: 'ms', values: of.map((run) => run.loopDelayP999Ms), goal: loopGoal },
    { name: 'collector', unit: 'ms/s', values: of.map((run) => run.gcMsPerSecond) },
    { name: 'collector, longest pause, at most', unit: 'ms', values: of.map((run) => run.gcLongestMs) },
  ];
}
