import { ChildProgram } from '../child-program.js';
import { DOORS } from '../doors.js';
import { runFanOut, type RunPlan } from '../fan-out-run.js';
import { programPath } from '../program-path.js';
import type { RunFigures } from '../run-figures.js';
import { startMonitoringService, STREAM_PATH } from '../monitoring-service.js';
import type { ServerProcess } from '../server-process.js';
import type { SlowReaderAnswer, SlowReaderCommand } from './slow-reader-messages.js';

/**
 * A few urgent alerts while far too many metrics are under way: how late is an alert?
 *
 *                                 ┌─ CPU 0 ──────────────────────────┐
 *   ┌─ CPU 1 ───────────────┐     │ monitoring service               │     ┌─ CPU 1 ────────────────────┐
 *   │ alerts, 20/s          │────▶│ monitoring/alerts/critical (1) ──┼────▶│ alert subscribers: p99?    │
 *   │ metrics, open loop    │────▶│ monitoring/metrics         (5) ──┼────▶│ metric subscribers (lag)   │
 *   └───────────────────────┘     │                                ──┼────▶│ slow readers (full sockets)│
 *                                 └──────────────────────────────────┘     └────────────────────────────┘
 *
 * `cpu`: more metrics are offered than the server's one CPU can deliver. `sockets`: it has CPU to spare, and many of its
 * sockets are full.
 */
export type Pressure = 'cpu' | 'sockets';

export interface PriorityOptions {
  readonly pressure: Pressure;
  readonly seconds: number;
  readonly alertsPerSecond: number;
  readonly alertSubscribers: number;
  readonly metricSubscribers: number;
  /** Deliveries of metrics per second that are offered. */
  readonly metricRate: number;
  readonly slowReaders: number;
  readonly slowBytesPerSecond: number;
  readonly pin: boolean;
}

export interface PriorityFigures {
  readonly pressure: Pressure;
  readonly alerts: RunFigures;
  readonly metrics: RunFigures;
  readonly slowReaders: { readonly open: number; readonly bytesPerSecond: number } | undefined;
}

const ALERTS = 'monitoring/alerts/critical';
const METRICS = 'monitoring/metrics';
const WARM_UP_SECONDS = 1;
const CONNECT_DEADLINE_MS = 40_000;

export async function runPriority(options: PriorityOptions): Promise<PriorityFigures> {
  const server = await startMonitoringService({ cpu: options.pin ? 0 : undefined });
  const slow = await openSlowReaders(server, options);
  try {
    const base = {
      warmUpSeconds: WARM_UP_SECONDS,
      seconds: options.seconds,
      keys: 16,
      lingerMs: 0,
      loadCpu: options.pin ? 1 : undefined,
    };
    const alerts: RunPlan = {
      ...base,
      topics: [ALERTS],
      subscribers: options.alertSubscribers,
      deliveriesPerSecond: options.alertsPerSecond * options.alertSubscribers,
      producers: 1,
    };
    const metrics: RunPlan = {
      ...base,
      topics: [METRICS],
      subscribers: options.metricSubscribers,
      deliveriesPerSecond: options.metricRate,
      producers: 4,
    };
    const before = await slow?.ask({ type: 'count' }, 'counted', CONNECT_DEADLINE_MS);
    const [ofAlerts, ofMetrics] = await Promise.all([
      runFanOut(server, DOORS.service, alerts),
      runFanOut(server, DOORS.service, metrics),
    ]);
    const after = await slow?.ask({ type: 'count' }, 'counted', CONNECT_DEADLINE_MS);
    return {
      pressure: options.pressure,
      alerts: ofAlerts,
      metrics: ofMetrics,
      slowReaders:
        before === undefined || after === undefined
          ? undefined
          : { open: after.open, bytesPerSecond: (after.bytes - before.bytes) / (options.seconds + WARM_UP_SECONDS) },
    };
  } finally {
    await slow?.stop();
    await server.stop();
  }
}

async function openSlowReaders(server: ServerProcess, options: PriorityOptions) {
  if (options.slowReaders === 0) return undefined;
  const child = ChildProgram.start<SlowReaderCommand, SlowReaderAnswer>(
    programPath('priority/slow-readers'),
    options.pin ? 1 : undefined,
  );
  const { open } = await child.ask(
    {
      type: 'read-slowly',
      port: server.port,
      // Metrics and alerts over one socket, as a page shows both.
      path: `${STREAM_PATH}?patterns=${encodeURIComponent(`${METRICS},${ALERTS}`)}&slow_policy=block`,
      count: options.slowReaders,
      bytesPerSecond: options.slowBytesPerSecond,
    },
    'reading',
    CONNECT_DEADLINE_MS,
  );
  if (open < options.slowReaders) throw new Error(`${open} of ${options.slowReaders} slow readers are connected`);
  return child;
}
