import { startMonitoringService } from '../monitoring-service.js';
import type { CaseOptions, CaseResult, PerformanceCase } from '../performance/performance-case.js';
import { runtimeRows } from '../performance/runtime-rows.js';
import { type IngestFigures, type IngestPlan, runIngest } from './ingest-run.js';
import type { Framing } from './post-template.js';

/** What runs is compiled for some seconds, on the very core that is measured. */
const WARM_UP_SECONDS = 8;

export const ingestJson: PerformanceCase = {
  name: 'ingest-json',
  title: 'POST of 100 durable events as a JSON list, 16 connections',
  run: (options) => runCase({ framing: 'json', eventsPerPost: 100, connections: 16, goal: 250_000 }, options),
};

export const ingestNdjson: PerformanceCase = {
  name: 'ingest-ndjson',
  title: 'POST of 500 durable events, one a line, 4 connections',
  run: (options) => runCase({ framing: 'ndjson', eventsPerPost: 500, connections: 4, goal: 500_000 }, options),
};

interface IngestCase {
  readonly framing: Framing;
  readonly eventsPerPost: number;
  /** A group commit is shared by what came since the last one began; what is under way longer costs the collector more. */
  readonly connections: number;
  /** Events per second. */
  readonly goal: number;
}

async function runCase(ingest: IngestCase, options: CaseOptions): Promise<CaseResult> {
  const runs: IngestFigures[] = [];
  const rounds = options.quick ? 1 : options.pairs;
  for (let round = 0; round < rounds; round++) {
    const figures = await runOnce(ingest, options);
    options.note(
      `${Math.round(figures.eventsPerSecond)} events/s, p99 ${figures.p99Ms.toFixed(1)} ms, ` +
        `load ${figures.loadCores.toFixed(2)} cores`,
    );
    runs.push(figures);
  }
  const valuesOf = (value: (figures: IngestFigures) => number) => runs.map(value);
  return {
    figures: [
      {
        name: 'events',
        unit: 'events/s',
        values: valuesOf(({ eventsPerSecond }) => eventsPerSecond),
        goal: { atLeast: ingest.goal },
      },
      {
        name: 'per CPU second of the service',
        unit: 'events/CPU-s',
        values: valuesOf((run) => run.eventsPerCpuSecond),
      },
      { name: 'p99 of the answer', unit: 'ms', values: valuesOf(({ p99Ms }) => p99Ms) },
      { name: 'load', unit: 'cores', values: valuesOf(({ loadCores }) => loadCores) },
      ...runtimeRows(runs),
    ],
    findings: runs.flatMap(({ findings }) => findings),
  };
}

async function runOnce(
  { framing, eventsPerPost, connections }: IngestCase,
  { seconds, quick, pin, profileFolder }: CaseOptions,
): Promise<IngestFigures> {
  const server = await startMonitoringService({ cpu: pin ? 0 : undefined, profileFolder });
  try {
    const plan: IngestPlan = {
      framing,
      eventsPerPost,
      connections: quick ? 4 : connections,
      warmUpSeconds: quick ? 1 : WARM_UP_SECONDS,
      seconds: quick ? 1 : seconds,
      loadCpu: pin ? 1 : undefined,
    };
    return await runIngest(server, plan);
  } finally {
    await server.stop();
  }
}
