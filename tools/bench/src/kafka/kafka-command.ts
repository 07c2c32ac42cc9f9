import { numberOf, optionsOf } from '../command-line.js';
import { describeMachine } from '../machine.js';
import { findingsOf, toldFindings } from '../performance/run-findings.js';
import { spreadOf } from '../statistics.js';
import { table } from '../text-table.js';
import { kafkaBench, type KafkaBenchResult, type KafkaRun } from './kafka-bench.js';

export const KAFKA_USAGE = `npm run bench -- kafka [options]

  --rate N             events per second (5000)
  --subscribers N      WebSocket connections (40)
  --seconds S          measured seconds of each run (5)
  --warm-up S          seconds before, of each run: a broker that has just started is still compiling itself (15)
  --runs N             runs on the same service and broker (3)
  --producers N        connections that publish, each one batch at a time (4)
  --linger MS          how long a batch waits for more events (0)
  --brokers LIST       a Kafka that is there already (one of our own)
  --pin                the service on CPU 0, the load on CPU 1
  --json               the figures of every run as JSON on stdout`;

/** 1 if anything is missing, doubled or out of order at the subscribers. */
export async function kafkaCommand(args: readonly string[]): Promise<number> {
  const values = optionsOf(args, {
    rate: { type: 'string', default: '5000' },
    subscribers: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '5' },
    'warm-up': { type: 'string', default: '15' },
    runs: { type: 'string', default: '3' },
    producers: { type: 'string', default: '4' },
    linger: { type: 'string', default: '0' },
    brokers: { type: 'string' },
    pin: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  });
  const result = await kafkaBench({
    eventsPerSecond: numberOf('rate', values.rate),
    subscribers: numberOf('subscribers', values.subscribers),
    seconds: numberOf('seconds', values.seconds),
    warmUpSeconds: numberOf('warm-up', values['warm-up'], { atLeast: 0 }),
    runs: numberOf('runs', values.runs),
    producers: numberOf('producers', values.producers),
    lingerMs: numberOf('linger', values.linger, { atLeast: 0 }),
    pin: values.pin,
    brokers: values.brokers,
    onRun: ({ service, bare }) =>
      console.error(
        `p99 ${service.fromScheduled.p99.toFixed(2)} ms at the subscribers, ${bare.fromScheduled.p99.toFixed(2)} ms at the bare consumer`,
      ),
  });
  console.log(values.json ? JSON.stringify(result, undefined, 2) : kafkaReport(result));
  return toldFindings(kafkaFindings(result));
}

type Figure = readonly [title: string, service: (run: KafkaRun) => number, bare?: (run: KafkaRun) => number];

const FIGURES: readonly Figure[] = [
  ['p50 ms', ({ service }) => service.fromScheduled.p50, ({ bare }) => bare.fromScheduled.p50],
  ['p99 ms', ({ service }) => service.fromScheduled.p99, ({ bare }) => bare.fromScheduled.p99],
  ['p99.9 ms', ({ service }) => service.fromScheduled.p999, ({ bare }) => bare.fromScheduled.p999],
  ['accepted p50', ({ service }) => service.fromAccepted.p50],
  ['accepted p99', ({ service }) => service.fromAccepted.p99],
  ['events per POST', ({ service }) => service.eventsPerPost],
  ['largest ms', ({ service }) => service.fromScheduled.max, ({ bare }) => bare.fromScheduled.max],
  ['events', ({ service }) => service.events, ({ bare }) => bare.events],
  ['CPU s', ({ service }) => service.serverCpuSeconds, ({ bare }) => bare.cpuSeconds],
];

export const kafkaFindings = ({ runs }: Pick<KafkaBenchResult, 'runs'>): string[] =>
  findingsOf(
    'subscribers',
    runs.map(({ service }) => service),
  );

export function kafkaReport({ machine, options, runs }: KafkaBenchResult): string {
  const cell = (of: ((run: KafkaRun) => number) | undefined) => {
    if (of === undefined) return '';
    const { median, min, max } = spreadOf(runs.map(of));
    return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
  };
  const sum = (of: (run: KafkaRun) => number) => runs.reduce((total, run) => total + of(run), 0);
  const errors = [...new Set(runs.flatMap(({ service }) => service.errors))];
  return [
    `kafka: ${options.eventsPerSecond} events/s × ${options.subscribers} subscribers, acks=all, one broker, ${options.seconds} s a run, ${runs.length} runs` +
      (options.pin ? ', service on CPU 0, load on CPU 1' : ', not pinned'),
    describeMachine(machine),
    'Latency: from the scheduled send to the receipt; "accepted": from the answer to the producer, in ms.',
    'Medians, with the least and the most of the runs.',
    '',
    table([
      ['', 'subscribers', 'bare consumer'],
      ...FIGURES.map(([title, ...of]) => [title, cell(of[0]), cell(of[1])]),
    ]),
    '',
    `missing ${sum(({ service }) => service.missing)}, duplicated ${sum(({ service }) => service.duplicated)}, ` +
      `out of order ${sum(({ service }) => service.outOfOrder)}, broken chains ${sum(({ service }) => service.brokenChains)}, ` +
      `gaps ${sum(({ service }) => service.gaps)}, not taken in time ${sum(({ service }) => service.unsent)}` +
      (errors.length === 0 ? '' : `; ${errors.join('; ')}`),
  ].join('\n');
}
