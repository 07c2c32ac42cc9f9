import type { ServerInterceptor } from '@grpc/grpc-js';
import { type Clock, type Metrics, PerformanceStatistics } from '@distributary/distribution-core';
import {
  type AroundCommand,
  CallStatistics,
  measuredCommands,
  measureInterceptor,
  measureRequests,
  openTracing,
  principalOfCall,
  traceInterceptor,
  traceRequests,
  type Tracing,
  type TracingConfig,
} from '@distributary/distribution-nest';
import type { FastifyAdapter } from '@nestjs/platform-fastify';

export interface TelemetrySurroundings {
  /** Of the service, as its traces are found by. */
  readonly name: string;
  readonly config: TracingConfig;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** What every station of the pipeline and every door tells of itself. */
export interface Telemetry {
  readonly statistics: PerformanceStatistics;
  readonly calls: CallStatistics;
  /** Undefined: nothing is traced. */
  readonly tracing: Tracing | undefined;
  readonly aroundCommand: AroundCommand;
  /** Before all others, so that refused calls count as well. */
  readonly interceptors: readonly ServerInterceptor[];
  /** To be called before the app is made. */
  watch(adapter: FastifyAdapter): void;
  /** Exports what waits. */
  stop(): Promise<void>;
}

const VERSION = '0.1.0';

export async function openTelemetry({ name, config, clock, metrics }: TelemetrySurroundings): Promise<Telemetry> {
  const tracing = await openTracing(config, { name: `distributary-${name}`, version: VERSION }, metrics);
  const calls = new CallStatistics(clock, metrics);
  const measured = measuredCommands(calls, clock);
  return {
    statistics: new PerformanceStatistics(clock),
    calls,
    tracing,
    aroundCommand:
      tracing === undefined
        ? measured
        : (call, run) => measured(call, () => tracing.within(traceparentOf(call.payload), run)),
    interceptors: [
      measureInterceptor(calls, clock, principalOfCall),
      ...(tracing === undefined ? [] : [traceInterceptor(tracing)]),
    ],
    watch(adapter) {
      measureRequests(adapter, calls);
      if (tracing !== undefined) traceRequests(adapter, tracing);
    },
    stop: async () => tracing?.shutdown(),
  };
}

function traceparentOf(payload: unknown): unknown {
  return typeof payload === 'object' && payload !== null && 'traceparent' in payload ? payload.traceparent : undefined;
}
