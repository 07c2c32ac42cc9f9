import { numberOf, numbersOf, optionsOf, wordsOf } from '../command-line.js';
import { marketBench } from './market-bench.js';
import { BROKERS, checkMarketOptions, type MarketOptions } from './market-options.js';
import { marketFindings, marketReport, marketVerdict } from './market-report.js';

export const MARKET_USAGE = `npm run bench -- market [options]

  --brokers B[,B]      embedded, pulsar (both)
  --rates R[,R…]       deliveries of trades per second, falling: the first that is kept is measured (50000,25000,10000,5000)
  --subscribers N      WebSocket connections (1000)
  --symbols N          of which there are trades (10000)
  --symbols-each N     that a subscriber has (100)
  --quotes R[,R…]      quotes per second of each of 100 symbols, falling, as above (1000,500,250,100)
  --conflated N        subscribers of those, with at most ten updates per second of each symbol (20)
  --seconds S          measured seconds of each run (4)
  --warm-up S          seconds before, of each run (1)
  --runs N             runs at the rate that was kept (1)
  --producers N        connections that publish, each one batch at a time (4)
  --linger MS          how long a batch waits for more events (5)
  --processes N        gateways behind one port; of more than one, nothing is pinned (1)
  --pulsar URL         a Pulsar that is there already (one of our own)
  --no-pin             do not pin the service to CPU 0 and the load to CPU 1
  --profile DIR        the service leaves profiles of its processor time there
  --quick              small and short, nothing is judged: to see that it works
  --json               the figures of every run as JSON on stdout`;

const FULL = {
  ...{ rates: '50000,25000,10000,5000', subscribers: '1000', symbols: '10000', each: '100' },
  ...{ quotes: '1000,500,250,100', conflated: '20', quoted: 100, seconds: '4', warmUp: '1' },
};
const QUICK = {
  ...{ rates: '500', subscribers: '20', symbols: '100', each: '10' },
  ...{ quotes: '100', conflated: '2', quoted: 5, seconds: '1', warmUp: '0.5' },
};
const UPDATES_PER_SECOND = 10;

interface MarketArguments {
  readonly options: MarketOptions;
  readonly isQuick: boolean;
  readonly isJson: boolean;
}

/** Throws a {@link UsageError} that says what is wrong. */
export function marketArguments(args: readonly string[]): MarketArguments {
  const values = optionsOf(args, {
    brokers: { type: 'string', default: BROKERS.join(',') },
    rates: { type: 'string' },
    subscribers: { type: 'string' },
    symbols: { type: 'string' },
    'symbols-each': { type: 'string' },
    quotes: { type: 'string' },
    conflated: { type: 'string' },
    seconds: { type: 'string' },
    'warm-up': { type: 'string' },
    runs: { type: 'string', default: '1' },
    producers: { type: 'string', default: '4' },
    linger: { type: 'string', default: '5' },
    processes: { type: 'string', default: '1' },
    pulsar: { type: 'string' },
    'no-pin': { type: 'boolean', default: false },
    profile: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  });
  const defaults = values.quick ? QUICK : FULL;
  const processes = numberOf('processes', values.processes);
  const options: MarketOptions = {
    brokers: wordsOf('brokers', values.brokers, BROKERS),
    fanOut: {
      subscribers: numberOf('subscribers', values.subscribers ?? defaults.subscribers),
      symbols: numberOf('symbols', values.symbols ?? defaults.symbols),
      symbolsEach: numberOf('symbols-each', values['symbols-each'] ?? defaults.each),
      rates: numbersOf('rates', values.rates ?? defaults.rates),
    },
    conflation: {
      subscribers: numberOf('conflated', values.conflated ?? defaults.conflated),
      symbols: defaults.quoted,
      rates: numbersOf('quotes', values.quotes ?? defaults.quotes),
      updatesPerSecond: UPDATES_PER_SECOND,
    },
    warmUpSeconds: numberOf('warm-up', values['warm-up'] ?? defaults.warmUp, { atLeast: 0 }),
    seconds: numberOf('seconds', values.seconds ?? defaults.seconds),
    runs: numberOf('runs', values.runs),
    producers: numberOf('producers', values.producers),
    lingerMs: numberOf('linger', values.linger, { atLeast: 0 }),
    processes,
    profileFolder: values.profile,
    pin: !values['no-pin'] && processes === 1,
    pulsarUrl: values.pulsar,
  };
  checkMarketOptions(options);
  return { options, isQuick: values.quick, isJson: values.json };
}

/** 1 if anything is missing, doubled, out of order or not the newest in the end, or the goal is missed. */
export async function marketCommand(args: readonly string[]): Promise<number> {
  const { options, isQuick, isJson } = marketArguments(args);
  const result = await marketBench(options, (what, rate, { fromScheduled, unsent, missing, conflation }) =>
    console.error(
      `${what} at ${rate}/s: p99 ${fromScheduled.p99.toFixed(2)} ms, missing ${missing}, not taken in time ${unsent}` +
        (conflation === undefined ? '' : `, ${conflation.sent} sent, ${conflation.merged} merged`),
    ),
  );
  console.log(isJson ? JSON.stringify(result, undefined, 2) : marketReport(result));
  if (marketFindings(result).length > 0) return 1;
  return !isQuick && marketVerdict(result) === 'missed' ? 1 : 0;
}
