import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { KafkaLog } from '@distributary/broker-kafka';
import { SystemClock, SystemIds } from '@distributary/distribution-nest';
import { ChildProgram } from '../child-program.js';
import { programPath } from '../program-path.js';
import { startKafka } from '../stack-servers.js';
import type { CaseOptions, CaseResult, Figure, PerformanceCase } from '../performance/performance-case.js';
import { appendEvents } from './tail-events.js';
import type { TailCommand, TailResult } from './tail-messages.js';

const EVENTS = 1_000_000;
const QUICK_EVENTS = 20_000;
const DEADLINE_MS = 60_000;
const READERS = ['distributary', 'kafkajs', 'platformatic'] as const;
type ReaderName = (typeof READERS)[number];
type Round = Readonly<Record<ReaderName, TailResult>>;

/**
 *   ┌─ CPU 1 ──────────────┐     ┌─ CPU 0, one after the other ──────────────────────┐
 *   │ Kafka, one broker:   │────▶│ log.tail() → dedupe window → segments → one match │
 *   │ 4 partitions, 200 B, │────▶│ kafkajs, eachBatch: counts                        │
 *   │ uncompressed         │────▶│ @platformatic/kafka, stream: counts               │
 *   └──────────────────────┘     └───────────────────────────────────────────────────┘
 */
export const tailKafkaCase: PerformanceCase = {
  name: 'tail-kafka',
  title: 'a topic of Kafka read into the segments, events of 200 B, beside bare clients',
  async run(options) {
    const kafka = await startKafka();
    try {
      if (options.pin) spawnSync('taskset', ['-a', '-c', '-p', '1', String(kafka.pid)], { stdio: 'ignore' });
      const brokers = kafka.url.split(',');
      const log = await KafkaLog.open({ brokers, clock: new SystemClock(), ids: new SystemIds() });
      const events = await appendEvents(log, options.quick ? QUICK_EVENTS : EVENTS).finally(() => log.close());
      return resultOf(await readAll(brokers, events, options));
    } finally {
      await kafka.stop();
    }
  },
};

async function readAll(brokers: readonly string[], events: number, options: CaseOptions): Promise<Round[]> {
  const { pairs, quick, pin, profileFolder, note } = options;
  const start = () => ChildProgram.start<TailCommand, TailResult>(programPath('tail/tail-reader'), pin ? 0 : undefined);
  const readers = { distributary: start(), kafkajs: start(), platformatic: start() };
  const read = (by: ReaderName, folder?: string) =>
    readers[by].ask({ type: 'read', source: { by, brokers }, events, profileFolder: folder }, 'result', DEADLINE_MS);
  const round = async (names: readonly ReaderName[]): Promise<Round> => {
    const results: Partial<Record<ReaderName, TailResult>> = {};
    for (const name of names) results[name] = await read(name);
    return results as Round;
  };
  try {
    const rounds: Round[] = [];
    for (let number = 0; number < (quick ? 1 : pairs); number++) {
      rounds.push(await round(number % 2 === 0 ? READERS : READERS.toReversed()));
      note(`round ${number + 1}, ${events} events`);
    }
    if (profileFolder !== undefined) await read('distributary', path.resolve(profileFolder));
    return rounds;
  } finally {
    await Promise.all(READERS.map((name) => readers[name].stop()));
  }
}

const perCpuSecond = ({ events, cpuSeconds }: TailResult): number => events / cpuSeconds;

function resultOf(rounds: readonly Round[]): CaseResult {
  const ratios = rounds.map(
    ({ distributary, kafkajs, platformatic }) =>
      perCpuSecond(distributary) / Math.max(perCpuSecond(kafkajs), perCpuSecond(platformatic)),
  );
  const ofReader = (name: ReaderName): Figure[] => [
    { name: `${name}, a CPU second`, unit: 'events/CPU-s', values: rounds.map((round) => perCpuSecond(round[name])) },
    {
      name: `${name}, a second`,
      unit: 'events/s',
      values: rounds.map((round) => round[name].events / round[name].seconds),
    },
  ];
  return {
    figures: [
      {
        name: 'a CPU second, times the better client',
        unit: 'times',
        values: ratios,
        goal: { atLeast: 1.5 },
        isBaseline: true,
      },
      ...READERS.flatMap(ofReader),
    ],
    findings: rounds.flatMap((round) => READERS.flatMap((name) => round[name].finding ?? [])),
  };
}
