import { ChildProgram } from '../child-program.js';
import { DOORS } from '../doors.js';
import { runFanOut } from '../fan-out-run.js';
import { programPath } from '../program-path.js';
import type { RunFigures } from '../run-figures.js';
import { INGEST_PATH, startMonitoringService, STREAM_PATH } from '../monitoring-service.js';
import type { ServerProcess } from '../server-process.js';
import type { DisturberAnswer, DisturberCommand } from './disturber-messages.js';
import type { CaseOptions, CaseResult, PerformanceCase } from './performance-case.js';
import { findingsOf } from './run-findings.js';
import { runtimeRows } from './runtime-rows.js';
import { createTopic, createTopics } from './topics.js';

const BATCH_TOPIC = 'monitoring/metrics/bench/batches';
const KEYED_TOPIC = 'monitoring/metrics/bench/keyed';
const SIZE = { subscribers: 1000, rate: 200_000, keys: 10_000, batchEvents: 1000 };
const QUICK = { subscribers: 100, rate: 20_000, keys: 100, batchEvents: 100 };
const EVENT_BYTES = 5_000;
const WARM_UP_SECONDS = 1;
const PREPARE_DEADLINE_MS = 60_000;

/** Many small deliveries go on while everything large that a client may ask for is asked for. */
export const isolationCase: PerformanceCase = {
  name: 'isolation',
  title: '200,000 deliveries/s beside batches of 5 MB, snapshots of 10,000 keys and pages of history',
  run: async (options) => {
    const cpu = options.pin ? 0 : undefined;
    const env = { MAX_BODY_BYTES: String(8 * 1024 ** 2) };
    const service = await startMonitoringService({ cpu, env, profileFolder: options.profileFolder });
    const disturber = ChildProgram.start<DisturberCommand, DisturberAnswer>(
      programPath('performance/disturber'),
      options.pin ? 1 : undefined,
    );
    try {
      return await isolation(service, disturber, options);
    } finally {
      await disturber.stop();
      await service.stop();
    }
  },
};

async function isolation(
  service: ServerProcess,
  disturber: ChildProgram<DisturberCommand, DisturberAnswer>,
  options: CaseOptions,
): Promise<CaseResult> {
  const { keys, batchEvents } = options.quick ? QUICK : SIZE;
  await createTopics(service, [BATCH_TOPIC]);
  await createTopic(service, { name: KEYED_TOPIC, data_type: 'METRICS', conflation_key: 'routing_key' });
  const plan = {
    port: service.port,
    ingestPath: INGEST_PATH,
    streamPath: STREAM_PATH,
    batchTopic: BATCH_TOPIC,
    batchEvents,
    eventBytes: EVENT_BYTES,
    keyedTopic: KEYED_TOPIC,
    keys,
  };
  const prepared = await disturber.ask({ type: 'prepare', plan }, 'prepared', PREPARE_DEADLINE_MS);
  const calm: RunFigures[] = [];
  const beside: RunFigures[] = [];
  const errors = [...prepared.errors];
  let rounds = 0;
  for (let pair = 0; pair < (options.quick ? 1 : options.pairs); pair++) {
    calm.push(await fanOut(service, options));
    const seconds = (options.quick ? 1 : options.seconds) + WARM_UP_SECONDS;
    const disturbing = disturber.ask({ type: 'disturb', seconds }, 'disturbed', seconds * 1000 + PREPARE_DEADLINE_MS);
    beside.push(await fanOut(service, options));
    const disturbed = await disturbing;
    rounds += disturbed.rounds;
    errors.push(...disturbed.errors);
    options.note(
      `p99 ${calm[pair].fromAccepted.p99.toFixed(1)} ms alone, ${beside[pair].fromAccepted.p99.toFixed(1)} beside`,
    );
  }
  const p99 = (runs: readonly RunFigures[]) => runs.map((run) => run.fromAccepted.p99);
  return {
    figures: [
      { name: 'p99 from accepted', unit: 'ms', values: p99(beside), goal: { atMost: 20 } },
      { name: 'p99 from accepted, alone', unit: 'ms', values: p99(calm) },
      ...runtimeRows(beside, { atMost: 5 }),
      { name: 'rounds of everything large', unit: 'events', values: [rounds] },
    ],
    findings: [...findingsOf('service', [...calm, ...beside]), ...new Set(errors)],
  };
}

function fanOut(service: ServerProcess, { quick, seconds, pin }: CaseOptions): Promise<RunFigures> {
  const { subscribers, rate } = quick ? QUICK : SIZE;
  return runFanOut(service, DOORS.service, {
    topics: ['monitoring/metrics'],
    subscribers,
    deliveriesPerSecond: rate,
    warmUpSeconds: WARM_UP_SECONDS,
    seconds: quick ? 1 : seconds,
    keys: 16,
    producers: 4,
    lingerMs: 0,
    loadCpu: pin ? 1 : undefined,
  });
}
