import type { ClientClock } from 'distributary';
import { argumentsOf, USAGE } from './arguments.js';
import { runReplay } from './run-replay.js';
import { Tally } from './tally.js';

/**
 * `npm run replay`. 0 if every row is with the service, 1 if it refused some, 2 if it could not go on: the file is none, or
 * nobody takes anything.
 */
const args = process.argv.slice(2);
if (args.includes('--help')) {
  console.log(USAGE);
  process.exit(0);
}

/** Its timers keep the process alive: it waits for what is due. */
const clock: ClientClock = {
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

const tally = new Tally();
const startedMs = clock.monotonicMs();
let problem: string | undefined;
try {
  const options = argumentsOf(args, process.env);
  await runReplay(options, { clock, stop: stop.signal, note: (line) => console.error(line) }, tally);
} catch (error) {
  problem = error instanceof Error ? error.message : String(error);
}
if (problem === undefined || tally.rows > 0) {
  for (const line of tally.lines((clock.monotonicMs() - startedMs) / 1_000)) console.log(line);
}
if (problem !== undefined) console.error(problem);
const isWhole = problem === undefined && !stop.signal.aborted;
if (stop.signal.aborted) console.error('stopped');
if (!isWhole && tally.lastRow > 0)
  console.error(`the same command goes on where it was with --from-row ${tally.lastRow + 1}`);
process.exitCode = !isWhole ? 2 : tally.refused > 0 ? 1 : 0;
