import type { RunFigures } from '../run-figures.js';

/** Of what is offered, so much must arrive in time for a step to count as kept. */
const KEPT_SHARE = 0.9;
const KEPT_P99_MS = 500;

export const isKept = (run: RunFigures): boolean =>
  run.unsent === 0 &&
  run.deliveriesPerSecond >= KEPT_SHARE * run.offeredPerSecond &&
  run.fromAccepted.p99 <= KEPT_P99_MS;

/**
 * Offers more at each step until one is not kept, twice. What a delivery costs falls while the load grows, so of the kept steps
 * the one with the most deliveries per second of processor time, or of another worth, is the answer. Rejects if not even the first is kept.
 */
export async function findPeak(
  rates: readonly number[],
  runAt: (deliveriesPerSecond: number) => Promise<RunFigures>,
  worthOf: (run: RunFigures) => number = (run) => run.deliveriesPerCpuSecond,
): Promise<RunFigures> {
  let best: RunFigures | undefined;
  for (const rate of rates) {
    let run = await runAt(rate);
    // Others may have taken the time away from this one.
    if (!isKept(run)) run = await runAt(rate);
    if (!isKept(run)) break;
    if (best === undefined || worthOf(run) > worthOf(best)) best = run;
  }
  if (best === undefined) throw new Error(`not even ${rates[0]} deliveries/s were kept`);
  return best;
}
