import { ChildProgram } from '../child-program.js';
import { programPath } from '../fan-out-run.js';
import { monotonicMicros, untilMicros } from '../monotonic-clock.js';
import { INGEST_PATH } from '../monitoring-service.js';
import type { PublisherAnswer, PublisherCommand } from '../publisher-messages.js';
import { figuresOf, type RunFigures, snapshot } from '../run-figures.js';
import type { ServerProcess } from '../server-process.js';
import type { GrpcLoadAnswer, GrpcLoadCommand } from './grpc-load-messages.js';
import type { GrpcMethod } from './grpc-method.js';

export interface GrpcRunPlan {
  readonly method: GrpcMethod;
  readonly grpcPort: number;
  /** Of one topic, each on a connection of its own. */
  readonly streams: number;
  readonly deliveriesPerSecond: number;
  readonly seconds: number;
  /** Connections that publish, each one batch at a time. */
  readonly producers: number;
  /** Of every POST; absent: what is due. */
  readonly batchEvents?: number;
  /** Of the load client and the producer. */
  readonly loadCpu: number | undefined;
}

const TOPIC = 'monitoring/metrics';
const KEYS = 16;
const SAMPLE_EVERY = 25;
const WARM_UP_SECONDS = 1;
const START_DELAY_MS = 300;
const GRACE_MS = 3_000;
const QUIET_MS = 3_000;
const DEADLINE_MS = 120_000;

type Load = ChildProgram<GrpcLoadCommand, GrpcLoadAnswer>;
type Producer = ChildProgram<PublisherCommand, PublisherAnswer>;

/** As `runFanOut`, over gRPC: open streams, publish on schedule, measure the window, count what came. */
export async function runGrpc(server: ServerProcess, plan: GrpcRunPlan): Promise<RunFigures> {
  const load: Load = ChildProgram.start(programPath('grpc/grpc-load'), plan.loadCpu);
  const producer: Producer = ChildProgram.start(programPath('publisher'), plan.loadCpu);
  try {
    const { grpcPort: port, method, streams: count } = plan;
    const { failed, errors } = await load.ask(
      { type: 'connect', port, method, topic: TOPIC, count, sampleEvery: SAMPLE_EVERY, keys: KEYS },
      'connected',
      DEADLINE_MS,
    );
    if (failed > 0) throw new Error(`${failed} of ${count} streams failed: ${errors.join('; ')}`);
    return await measure(server, load, producer, plan);
  } finally {
    await Promise.all([load.stop(), producer.stop()]);
  }
}

async function measure(server: ServerProcess, load: Load, producer: Producer, plan: GrpcRunPlan): Promise<RunFigures> {
  const startMicros = monotonicMicros() + START_DELAY_MS * 1000;
  const fromMicros = startMicros + WARM_UP_SECONDS * 1e6;
  const toMicros = fromMicros + plan.seconds * 1e6;
  load.tell({ type: 'measure', window: { fromMicros, toMicros } });
  const publishing = producer.ask(publishCommand(server, plan, startMicros), 'published', DEADLINE_MS);
  await untilMicros(fromMicros);
  const before = snapshot(server, load, producer);
  await untilMicros(toMicros);
  const after = snapshot(server, load, producer);
  const published = await publishing;
  const events = published.accepted;
  const result = await load.ask({ type: 'finish', events, quietMs: QUIET_MS }, 'result', DEADLINE_MS);
  const received = { ...result, due: events * plan.streams, framesInWindow: result.messages };
  return figuresOf(plan, published, received, before, after);
}

function publishCommand(server: ServerProcess, plan: GrpcRunPlan, startMicros: number): PublisherCommand {
  return {
    type: 'publish',
    plan: {
      port: server.port,
      path: INGEST_PATH,
      topics: [TOPIC],
      run: `g${Math.round(startMicros).toString(36)}-`,
      keys: KEYS,
      connections: plan.producers,
      lingerMs: 0,
      batchEvents: plan.batchEvents,
      eventsPerSecond: plan.deliveriesPerSecond / plan.streams,
      startMicros,
      seconds: WARM_UP_SECONDS + plan.seconds,
      graceMs: GRACE_MS,
    },
  };
}
