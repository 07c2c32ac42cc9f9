import { numberOf, numbersOf, optionsOf, wordsOf } from '../command-line.js';
import { matchBench } from './match.js';
import { matchReport } from './match-report.js';
import { CASES } from './workload.js';

export const MATCH_USAGE = `npm run bench -- match [options]

  --cases C[,C…]       topics, filters, mixed (all)
  --subscriptions N[,N…]  (1000,10000,100000)
  --batches N[,N]      events of one batch (1,64)
  --seconds S          of each measurement (0.4)
  --seed N             of the workload (1)
  --quick              1,000 subscriptions, 0.1 s: to see that it works
  --json               the figures as JSON on stdout`;

export function matchCommand(args: readonly string[]): number {
  const values = optionsOf(args, {
    cases: { type: 'string' },
    subscriptions: { type: 'string' },
    batches: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  const isQuick = values.quick === true;
  const result = matchBench({
    cases: values.cases === undefined ? CASES : wordsOf('cases', values.cases, CASES),
    sizes: numbersOf('subscriptions', values.subscriptions ?? (isQuick ? '1000' : '1000,10000,100000')),
    batchSizes: numbersOf('batches', values.batches ?? '1,64'),
    seconds: numberOf('seconds', values.seconds ?? (isQuick ? '0.1' : '0.4')),
    seed: numberOf('seed', values.seed ?? '1'),
    onFigures: ({ case: name, subscriptions, contender, eventsPerSecond, matchesPerSecond }) =>
      console.error(
        `${name} ${subscriptions} ${contender}: ${Math.round(eventsPerSecond)} events/s, ${Math.round(matchesPerSecond)} matches/s`,
      ),
  });
  console.log(values.json === true ? JSON.stringify(result, undefined, 2) : matchReport(result));
  return 0;
}
