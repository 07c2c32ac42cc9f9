import { ChildProgram } from './child-program.js';
import type { Doors } from './doors.js';
import type { EventKind } from './event-text.js';
import type { LoadTarget } from './load-connection.js';
import type { LoadAnswer, LoadCommand } from './load-messages.js';
import { type MeasuredPlan, measureWindow } from './measured-window.js';
import { monotonicMicros } from './monotonic-clock.js';
import { programPath } from './program-path.js';
import type { RunFigures } from './run-figures.js';
import type { ServerProcess } from './server-process.js';
import { ONE_TOPIC, type TopicShare } from './topic-share.js';

export interface RunPlan {
  /** Subscribers and events take turns on them. */
  readonly topics: readonly string[];
  /** Which of them a subscriber has; absent: one, in turns. The paths of the doors say the same. */
  readonly share?: TopicShare;
  /** Absent: metrics. Of market data the topics are symbols. */
  readonly kind?: EventKind;
  /** Subscribers are conflated: an event is sent to them, or one that stands for it; each of them is checked. */
  readonly conflates?: boolean;
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

const SAMPLE_EVERY = 50;
const QUIET_MS = 3_000;
const CONNECT_DEADLINE_MS = 90_000;
const FINISH_DEADLINE_MS = 120_000;

/** One run against one server: connect, publish on schedule, measure the window, count what came. */
export async function runFanOut(server: ServerProcess, doors: Doors, plan: RunPlan): Promise<RunFigures> {
  const load = ChildProgram.start<LoadCommand, LoadAnswer>(programPath('load-client'), plan.loadCpu);
  try {
    const { failed, errors } = await load.ask(
      {
        type: 'connect',
        targets: targetsOf(server, doors, plan),
        topics: plan.topics.length,
        share: plan.share,
        block: plan.batchEvents,
        count: plan.subscribers,
        conflates: plan.conflates,
        sampleEvery: plan.conflates ? 1 : SAMPLE_EVERY,
        keys: plan.keys,
        reconnects: false,
      },
      'connected',
      CONNECT_DEADLINE_MS,
    );
    if (failed > 0) throw new Error(`${failed} of ${plan.subscribers} connections failed: ${errors.join('; ')}`);
    const measured = { ...plan, publish: publishPlanOf(server, doors, plan) };
    return await measureWindow(server, load, measured, ({ acceptedOf: events }) =>
      load.ask({ type: 'finish', events, quietMs: QUIET_MS, withSamples: true }, 'result', FINISH_DEADLINE_MS),
    );
  } finally {
    await load.stop();
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

const publishPlanOf = (server: ServerProcess, doors: Doors, plan: RunPlan): MeasuredPlan['publish'] => ({
  port: server.port,
  path: doors.ingestPath,
  isTls: doors.connection?.isTls,
  topics: plan.topics,
  kind: plan.kind,
  keys: plan.keys,
  connections: plan.producers,
  lingerMs: plan.lingerMs,
  batchEvents: plan.batchEvents,
  eventsPerSecond:
    (plan.deliveriesPerSecond * plan.topics.length) / (plan.subscribers * (plan.share ?? ONE_TOPIC).each),
});
