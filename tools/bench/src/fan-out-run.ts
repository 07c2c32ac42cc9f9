import { fileURLToPath } from 'node:url';
import { ChildProgram } from './child-program.js';
import type { Doors } from './doors.js';
import type { LoadTarget } from './load-connection.js';
import type { LoadAnswer, LoadCommand } from './load-messages.js';
import { monotonicMicros, untilMicros } from './monotonic-clock.js';
import type { PublisherAnswer, PublisherCommand } from './publisher-messages.js';
import { figuresOf, type RunFigures, snapshot } from './run-figures.js';
import type { ServerProcess } from './server-process.js';

export interface RunPlan {
  /** Subscribers and events take turns on them. */
  readonly topics: readonly string[];
  readonly subscribers: number;
  readonly deliveriesPerSecond: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly keys: number;
  /** Connections that publish, each one batch at a time. */
  readonly producers: number;
  readonly lingerMs: number;
  /** Events of every POST, all of one topic; absent: what is due. */
  readonly batchEvents?: number;
  /** Of the load client and the producer. */
  readonly loadCpu: number | undefined;
}

export const programPath = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url));
const START_DELAY_MS = 300;
const GRACE_MS = 3_000;
const QUIET_MS = 3_000;
const CONNECT_DEADLINE_MS = 90_000;

/** One run against one server: connect, publish on schedule, measure the window, count what came. */
export async function runFanOut(server: ServerProcess, doors: Doors, plan: RunPlan): Promise<RunFigures> {
  const load = ChildProgram.start<LoadCommand, LoadAnswer>(programPath('load-client'), plan.loadCpu);
  const producer = ChildProgram.start<PublisherCommand, PublisherAnswer>(programPath('publisher'), plan.loadCpu);
  try {
    const { failed, errors } = await load.ask(
      {
        type: 'connect',
        targets: targetsOf(server, doors, plan),
        topics: plan.topics.length,
        block: plan.batchEvents,
        count: plan.subscribers,
        sampleEvery: 50,
        keys: plan.keys,
        reconnects: false,
      },
      'connected',
      CONNECT_DEADLINE_MS,
    );
    if (failed > 0) throw new Error(`${failed} of ${plan.subscribers} connections failed: ${errors.join('; ')}`);
    return await measure(server, load, producer, doors, plan);
  } finally {
    await Promise.all([load.stop(), producer.stop()]);
  }
}

function targetsOf(server: ServerProcess, doors: Doors, { topics, subscribers }: RunPlan): LoadTarget[] {
  const { acknowledgeEveryMs } = doors;
  const run = Math.round(monotonicMicros()).toString(36);
  return Array.from({ length: subscribers }, (_, index) => ({
    ...doors.connection,
    port: server.port,
    path: doors.streamPath(topics[index % topics.length], index),
    durable: acknowledgeEveryMs === undefined ? undefined : { name: `bench-${run}-${index}`, acknowledgeEveryMs },
  }));
}

async function measure(
  server: ServerProcess,
  load: ChildProgram<LoadCommand, LoadAnswer>,
  producer: ChildProgram<PublisherCommand, PublisherAnswer>,
  doors: Doors,
  plan: RunPlan,
): Promise<RunFigures> {
  const seconds = plan.warmUpSeconds + plan.seconds;
  const startMicros = monotonicMicros() + START_DELAY_MS * 1000;
  const fromMicros = startMicros + plan.warmUpSeconds * 1e6;
  const toMicros = fromMicros + plan.seconds * 1e6;
  load.tell({ type: 'measure', window: { fromMicros, toMicros } });
  const publishing = producer.ask(
    {
      type: 'publish',
      plan: {
        port: server.port,
        path: doors.ingestPath,
        isTls: doors.connection?.isTls,
        topics: plan.topics,
        run: `r${Math.round(startMicros).toString(36)}-`,
        keys: plan.keys,
        connections: plan.producers,
        lingerMs: plan.lingerMs,
        batchEvents: plan.batchEvents,
        eventsPerSecond: (plan.deliveriesPerSecond * plan.topics.length) / plan.subscribers,
        startMicros,
        seconds,
        graceMs: GRACE_MS,
      },
    },
    'published',
    seconds * 1000 + GRACE_MS + 60_000,
  );
  await untilMicros(fromMicros);
  const before = snapshot(server, load, producer);
  await untilMicros(toMicros);
  const after = snapshot(server, load, producer);
  const published = await publishing;
  const result = await load.ask(
    { type: 'finish', events: published.acceptedOf, quietMs: QUIET_MS, withSamples: true },
    'result',
    120_000,
  );
  return figuresOf(plan, published, result, before, after);
}
