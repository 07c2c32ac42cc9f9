import { ChildProgram } from '../child-program.js';
import { measureWindow } from '../measured-window.js';
import { INGEST_PATH } from '../monitoring-service.js';
import { programPath } from '../program-path.js';
import type { RunFigures } from '../run-figures.js';
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
const QUIET_MS = 3_000;
const DEADLINE_MS = 120_000;

/** As `runFanOut`, over gRPC: open streams, publish on schedule, measure the window, count what came. */
export async function runGrpc(server: ServerProcess, plan: GrpcRunPlan): Promise<RunFigures> {
  const load = ChildProgram.start<GrpcLoadCommand, GrpcLoadAnswer>(programPath('grpc/grpc-load'), plan.loadCpu);
  try {
    const { grpcPort: port, method, streams: count } = plan;
    const { failed, errors } = await load.ask(
      { type: 'connect', port, method, topic: TOPIC, count, sampleEvery: SAMPLE_EVERY, keys: KEYS },
      'connected',
      DEADLINE_MS,
    );
    if (failed > 0) throw new Error(`${failed} of ${count} streams failed: ${errors.join('; ')}`);
    const publish = {
      port: server.port,
      path: INGEST_PATH,
      topics: [TOPIC],
      keys: KEYS,
      connections: plan.producers,
      lingerMs: 0,
      batchEvents: plan.batchEvents,
      eventsPerSecond: plan.deliveriesPerSecond / count,
    };
    const measured = { ...plan, warmUpSeconds: WARM_UP_SECONDS, publish };
    return await measureWindow(server, load, measured, async ({ accepted: events }) => {
      const result = await load.ask({ type: 'finish', events, quietMs: QUIET_MS }, 'result', DEADLINE_MS);
      return { ...result, due: events * count, framesInWindow: result.messages };
    });
  } finally {
    await load.stop();
  }
}
