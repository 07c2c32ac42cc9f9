import { ChildProgram } from '../child-program.js';
import { programPath } from '../program-path.js';
import type { LoadAnswer, LoadCommand, LoadResult } from '../load-messages.js';
import { INGEST_PATH, startMonitoringService, STREAM_PATH } from '../monitoring-service.js';
import { monotonicMicros } from '../monotonic-clock.js';
import type { PublisherAnswer, PublisherCommand, PublisherResult } from '../publisher-messages.js';
import { runtimeBetween, type RuntimeFigures } from '../runtime-figures.js';
import type { ServerProcess } from '../server-process.js';
import type { CaseOptions, CaseResult, PerformanceCase } from './performance-case.js';
import { runtimeRows } from './runtime-rows.js';
import { createTopics, metricTopics } from './topics.js';

const SIZE = { topics: 100, subscribers: 1000, eventsPerTopic: 10_000 };
const QUICK = { topics: 10, subscribers: 50, eventsPerTopic: 200 };
const BATCH = 100;
const KEYS = 16;
const PRELOAD_PER_SECOND = 20_000;
const PRELOAD_GRACE_MS = 120_000;
const CONNECT_DEADLINE_MS = 90_000;
const QUIET_MS = 5_000;

/**
 * What is in the log already is sent to a thousand subscribers that all begin with the first event: no ingest, no
 * commits. They connect first, then subscribe at one moment; counted from there until the last of them has everything.
 */
export const replayCase: PerformanceCase = {
  name: 'hundred-topics-replay',
  title: '100 topics × 10 subscribers that begin with the first event of a preloaded log',
  run: async (options) => {
    const cpu = options.pin ? 0 : undefined;
    const service = await startMonitoringService({ cpu, profileFolder: options.profileFolder });
    try {
      return await replay(service, options);
    } finally {
      await service.stop();
    }
  },
};

async function replay(service: ServerProcess, options: CaseOptions): Promise<CaseResult> {
  const { topics, subscribers, eventsPerTopic } = options.quick ? QUICK : SIZE;
  const loadCpu = options.pin ? 1 : undefined;
  const names = metricTopics(topics);
  await createTopics(service, names);
  const published = await preload(service, names, topics * eventsPerTopic, loadCpu);
  options.note(`${published.accepted} events are in the log`);
  const runs: Replay[] = [];
  for (let round = 0; round < (options.quick ? 1 : options.pairs); round++) {
    const run = await replayOnce(service, names, subscribers, published, loadCpu);
    runs.push(run);
    options.note(`${run.result.events} deliveries in ${run.seconds.toFixed(2)} s, ${run.cpuSeconds.toFixed(2)} CPU s`);
  }
  const perCpu = runs.map(({ result, cpuSeconds }) => result.events / cpuSeconds);
  return {
    figures: [
      { name: 'replayed', unit: 'deliveries/s', values: runs.map(({ result, seconds }) => result.events / seconds) },
      { name: 'service', unit: 'deliveries/CPU-s', values: perCpu, goal: { atLeast: 3_000_000 } },
      ...runtimeRows(runs),
    ],
    findings: runs.flatMap(({ result }) => findingsOf(result)),
  };
}

async function preload(
  service: ServerProcess,
  topics: readonly string[],
  events: number,
  cpu: number | undefined,
): Promise<PublisherResult> {
  const publisher = ChildProgram.start<PublisherCommand, PublisherAnswer>(programPath('publisher'), cpu);
  try {
    const startMicros = monotonicMicros();
    const seconds = events / PRELOAD_PER_SECOND;
    const plan = {
      port: service.port,
      path: INGEST_PATH,
      topics,
      run: `p${Math.round(startMicros).toString(36)}-`,
      keys: KEYS,
      connections: 8,
      lingerMs: 0,
      batchEvents: BATCH,
      eventsPerSecond: PRELOAD_PER_SECOND,
      startMicros,
      seconds,
      graceMs: PRELOAD_GRACE_MS,
    };
    return await publisher.ask({ type: 'publish', plan }, 'published', seconds * 1000 + PRELOAD_GRACE_MS);
  } finally {
    await publisher.stop();
  }
}

interface Replay {
  readonly result: LoadResult;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly runtime: RuntimeFigures | undefined;
}

async function replayOnce(
  service: ServerProcess,
  topics: readonly string[],
  count: number,
  published: PublisherResult,
  cpu: number | undefined,
): Promise<Replay> {
  const load = ChildProgram.start<LoadCommand, LoadAnswer>(programPath('load-client'), cpu);
  try {
    const targets = topics.map((topic) => ({
      port: service.port,
      path: STREAM_PATH,
      subscription: { patterns: [topic], start: 'earliest', slow_policy: 'block' },
    }));
    const { failed, errors } = await load.ask(
      {
        type: 'connect',
        targets,
        topics: topics.length,
        block: BATCH,
        count,
        sampleEvery: 50,
        keys: KEYS,
        reconnects: false,
      },
      'connected',
      CONNECT_DEADLINE_MS,
    );
    if (failed > 0) throw new Error(`${failed} of ${count} connections failed: ${errors.join('; ')}`);
    const runtimeBefore = await service.runtime();
    const fromMicros = monotonicMicros();
    const before = service.usage().cpuSeconds;
    load.tell({ type: 'subscribe' });
    const events = published.acceptedOf;
    const result = await load.ask({ type: 'finish', events, quietMs: QUIET_MS, withSamples: false }, 'result', 300_000);
    const cpuSeconds = service.usage().cpuSeconds - before;
    const runtime = runtimeBetween(runtimeBefore, await service.runtime());
    return { result, seconds: (result.lastFrameMicros - fromMicros) / 1e6, cpuSeconds, runtime };
  } finally {
    await load.stop();
  }
}

function findingsOf({ due, events, brokenChains, gaps, closed, sampled, errors }: LoadResult): string[] {
  const counts = { missing: due - events, brokenChains, gaps, closed, outOfOrder: sampled.outOfOrder };
  return [
    ...Object.entries(counts)
      .filter(([, count]) => count !== 0)
      .map(([name, count]) => `${name} ${count}`),
    ...errors,
  ];
}
