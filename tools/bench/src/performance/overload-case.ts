import { DOORS } from '../doors.js';
import { runFanOut } from '../fan-out-run.js';
import { startMonitoringService } from '../monitoring-service.js';
import { findPeak } from './peak.js';
import type { CaseOptions, CaseResult, PerformanceCase } from './performance-case.js';
import { runtimeRows } from './runtime-rows.js';
import { createTopics, metricTopics } from './topics.js';

/** Full before the minute begins: what grows then is not the memory of recent events, which has a bound of its own. */
const ENV = { SEGMENT_MEMORY_BYTES: String(32 * 1024 ** 2) };
const TOPICS = 100;
const SUBSCRIBERS = 1000;
const BATCH = 100;
const KEYS = 16;
const PEAK_STEPS = [250_000, 500_000, 750_000, 1_000_000, 1_400_000, 2_000_000];
const PEAK_SECONDS = 3;
const OVERLOAD_SECONDS = 60;
/** Each with one batch under way: so much waits at the door at a time. */
const PRODUCERS = { peak: 8, overload: 128 };
const QUICK = { seconds: 1, rate: 20_000, subscribers: 100 };

/**
 * Twice of what it can take is offered, by more producers than it can answer in time. What it takes must still come out
 * soon, and what it cannot take may not pile up in its memory.
 */
export const overloadCase: PerformanceCase = {
  name: 'overload',
  title: '100 topics × 10 subscribers, twice what it can take for a minute',
  run: async (options) => {
    const cpu = options.pin ? 0 : undefined;
    const service = await startMonitoringService({ cpu, env: ENV, profileFolder: options.profileFolder });
    try {
      await createTopics(service, metricTopics(TOPICS));
      return await overload(options, (rate, seconds, producers) =>
        runFanOut(service, DOORS.service, {
          topics: metricTopics(TOPICS),
          subscribers: options.quick ? QUICK.subscribers : SUBSCRIBERS,
          deliveriesPerSecond: rate,
          warmUpSeconds: 1,
          seconds,
          keys: KEYS,
          producers,
          lingerMs: 0,
          batchEvents: BATCH,
          loadCpu: options.pin ? 1 : undefined,
        }),
      );
    } finally {
      await service.stop();
    }
  },
};

async function overload(
  { quick, note }: CaseOptions,
  runAt: (rate: number, seconds: number, producers: number) => ReturnType<typeof runFanOut>,
): Promise<CaseResult> {
  const steps = quick ? [QUICK.rate] : PEAK_STEPS;
  const peak = await findPeak(steps, (rate) => runAt(rate, quick ? QUICK.seconds : PEAK_SECONDS, PRODUCERS.peak));
  note(`it takes ${Math.round(peak.deliveriesPerSecond)} deliveries/s`);
  const run = await runAt(2 * peak.offeredPerSecond, quick ? QUICK.seconds : OVERLOAD_SECONDS, PRODUCERS.overload);
  const lost = { missing: run.missing, duplicated: run.duplicated, 'out of order': run.outOfOrder, closed: run.closed };
  return {
    figures: [
      { name: 'offered', unit: 'deliveries/s', values: [run.offeredPerSecond] },
      { name: 'delivered', unit: 'deliveries/s', values: [run.deliveriesPerSecond] },
      { name: 'p99 from accepted', unit: 'ms', values: [run.fromAccepted.p99], goal: { atMost: 100 } },
      { name: 'batches refused', unit: 'events', values: [run.refusals] },
      { name: 'memory that it grew by', unit: 'MiB', values: [run.serverGrownBytes / 2 ** 20], goal: { atMost: 64 } },
      ...runtimeRows([run]),
    ],
    findings: Object.entries(lost)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name} ${count}`),
  };
}
