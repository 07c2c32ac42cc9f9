import { parseArgs } from 'node:util';
import { matchBench } from './match.js';
import { matchReport } from './match-report.js';
import { type CaseName, CASES } from './workload.js';

export const MATCH_USAGE = `npm run bench -- match [options]

  --cases C[,C…]       topics, filters, mixed (all)
  --subscriptions N[,N…]  (1000,10000,100000)
  --batches N[,N]      events of one batch (1,64)
  --seconds S          of each measurement (0.4)
  --seed N             of the workload (1)
  --quick              1,000 subscriptions, 0.1 s: to see that it works
  --json               the figures as JSON on stdout`;

export function matchCommand(args: readonly string[]): number {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cases: { type: 'string' },
      subscriptions: { type: 'string' },
      batches: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      quick: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    console.error(MATCH_USAGE);
    return 0;
  }
  const cases = (values.cases?.split(',') ?? CASES) as CaseName[];
  if (!cases.every((name) => CASES.includes(name))) throw new Error(`cases are ${CASES.join(', ')}`);
  const result = matchBench({
    cases,
    sizes: numbers(values.subscriptions, values.quick === true ? [1_000] : [1_000, 10_000, 100_000]),
    batchSizes: numbers(values.batches, [1, 64]),
    seconds: numbers(values.seconds, [values.quick === true ? 0.1 : 0.4])[0],
    seed: numbers(values.seed, [1])[0],
    onFigures: ({ case: name, subscriptions, contender, eventsPerSecond, matchesPerSecond }) =>
      console.error(
        `${name} ${subscriptions} ${contender}: ${Math.round(eventsPerSecond)} events/s, ${Math.round(matchesPerSecond)} matches/s`,
      ),
  });
  console.log(values.json === true ? JSON.stringify(result, undefined, 2) : matchReport(result));
  return 0;
}

function numbers(text: string | undefined, fallback: readonly number[]): readonly number[] {
  const given = text?.split(',').map(Number) ?? fallback;
  if (given.length === 0 || !given.every((value) => value > 0)) throw new Error(`not positive numbers: ${text}`);
  return given;
}
