import { DOORS, type Target } from './doors.js';
import { runFanOut, type RunPlan } from './fan-out-run.js';
import type { RunFigures } from './run-figures.js';
import { type MachineFacts, machineFacts } from './machine.js';
import { startMonitoringService } from './monitoring-service.js';
import { type ServerProcess, startTwin } from './server-process.js';

/**
 * One topic, many subscribers: deliveries per second, latency, and what it costs, beside a naive twin.
 *
 *                                    ┌─ CPU 0 ────────────────────────────────┐
 *                        POST        │ monitoring service (+ PostgreSQL)      │        WebSocket × N
 *   ┌─ CPU 1 ──────────┐ batches     │ ingest → log (lmdb, fsync) → tail →    │ frames ┌─ CPU 1 ───────┐
 *   │ publisher        │────────────▶│ match → feed → one write per socket    │───────▶│ load client   │
 *   │ (open loop)      │     or      ├────────────────────────────────────────┤        │ (counts, and  │
 *   └──────────────────┘────────────▶│ naive twin: JSON.parse → ws.send × N   │───────▶│ checks 1/50)  │
 *                                    └────────────────────────────────────────┘        └───────────────┘
 *
 * The two stand in pairs, one after the other, in turning order; what is compared is the ratio within a pair.
 */
export interface FanOutOptions {
  readonly subscribers: number;
  /** Deliveries per second that are offered, one series of pairs for each. */
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly pairs: number;
  readonly producers: number;
  readonly lingerMs: number;
  /** The server on CPU 0, the load on CPU 1. */
  readonly pin: boolean;
  readonly targets: readonly Target[];
  readonly onRun?: (target: Target, rate: number, figures: RunFigures) => void;
}

export interface Series {
  readonly rate: number;
  readonly service: readonly RunFigures[];
  readonly twin: readonly RunFigures[];
}

export interface FanOutResult {
  readonly bench: 'fan-out';
  readonly machine: MachineFacts;
  readonly subscribers: number;
  readonly seconds: number;
  readonly pinned: boolean;
  readonly producers: number;
  readonly lingerMs: number;
  readonly series: readonly Series[];
}

export const BENCH_TOPIC = 'monitoring/metrics';

export async function fanOut(options: FanOutOptions): Promise<FanOutResult> {
  const serverCpu = options.pin ? 0 : undefined;
  const servers = new Map<Target, ServerProcess>();
  try {
    for (const target of options.targets) {
      servers.set(
        target,
        await (target === 'twin' ? startTwin(serverCpu) : startMonitoringService({ cpu: serverCpu })),
      );
    }
    const series: Series[] = [];
    for (const rate of options.rates) series.push(await runSeries(options, servers, rate));
    const { subscribers, seconds, pin, producers, lingerMs } = options;
    return {
      bench: 'fan-out',
      machine: machineFacts(),
      subscribers,
      seconds,
      pinned: pin,
      producers,
      lingerMs,
      series,
    };
  } finally {
    for (const server of servers.values()) await server.stop();
  }
}

async function runSeries(
  options: FanOutOptions,
  servers: ReadonlyMap<Target, ServerProcess>,
  rate: number,
): Promise<Series> {
  const figures: Record<Target, RunFigures[]> = { service: [], twin: [] };
  const plan: RunPlan = {
    topics: [BENCH_TOPIC],
    subscribers: options.subscribers,
    deliveriesPerSecond: rate,
    warmUpSeconds: options.warmUpSeconds,
    seconds: options.seconds,
    keys: 16,
    producers: options.producers,
    lingerMs: options.lingerMs,
    loadCpu: options.pin ? 1 : undefined,
  };
  for (let pair = 0; pair < options.pairs; pair++) {
    const order = pair % 2 === 0 ? options.targets : [...options.targets].reverse();
    for (const target of order) {
      const run = await runFanOut(servers.get(target) as ServerProcess, DOORS[target], plan);
      figures[target].push(run);
      options.onRun?.(target, rate, run);
    }
  }
  return { rate, ...figures };
}
