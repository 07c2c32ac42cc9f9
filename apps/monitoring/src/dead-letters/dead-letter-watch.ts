import type { MonitoringEventInput } from '@distributary/contracts';
import type { Clock, DeadLetterStore, Gauge, Metrics } from '@distributary/distribution-core';
import { type FailureLog, isoOfMicros, RepeatingTask, type Schedule } from '@distributary/distribution-service';
import { OWN_SERVICE } from '../events/own-service.js';

export const DEAD_LETTER_GROWTH = 'dead_letters.growth';

const LOOK_EVERY_MS = 2_000;
/** A letter that was buried longer ago and is still dead is no growth any more. */
const GROWTH_WINDOW_MICROS = 60_000_000;
const PRUNE_EVERY_LOOKS = 1_800;

export interface DeadLetterWatchOptions {
  readonly store: DeadLetterStore;
  readonly outbox: { add(events: readonly MonitoringEventInput[]): void };
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Letters are forgotten when their events are: the retention of their topic. */
  readonly retentionMs: number;
  readonly log?: FailureLog;
  /** All workers count; whether this one tells. */
  readonly speaks: () => boolean;
}

/**
 * Counts the dead letters, and publishes how many came in the last minute and are still dead: while there are any, and
 * once when there are none any more, or another process begins to tell. A default alert rule watches that.
 */
export class DeadLetterWatch implements Schedule {
  private readonly schedule: RepeatingTask;
  private readonly pending: Gauge;
  /** As this process said it last; undefined: another has spoken meanwhile, and nobody may have said that it is over. */
  private saidGrowth: number | undefined;
  private looks = 0;

  constructor(private readonly options: DeadLetterWatchOptions) {
    const { clock, metrics, log } = options;
    this.pending = metrics.gauge('dead_letters_pending', 'Dead letters that nobody has decided about');
    this.schedule = new RepeatingTask('dead-letters', LOOK_EVERY_MS, clock, () => this.look(), log);
  }

  start(): void {
    this.schedule.start();
  }

  stop(): Promise<void> {
    return this.schedule.stop();
  }

  private async look(): Promise<void> {
    const { store, clock, outbox, retentionMs, speaks } = this.options;
    const nowMicros = clock.nowMicros();
    if (this.looks++ % PRUNE_EVERY_LOOKS === 0) await store.prune(nowMicros - retentionMs * 1000);
    this.pending.set(sumOf(await store.countDead()));
    const growth = sumOf(await store.countDead(nowMicros - GROWTH_WINDOW_MICROS));
    if (!speaks()) {
      this.saidGrowth = undefined;
      return;
    }
    if (growth > 0 || this.saidGrowth !== 0) outbox.add([growthEvent(growth, isoOfMicros(nowMicros))]);
    this.saidGrowth = growth;
  }
}

const sumOf = (counts: readonly { readonly count: number }[]): number =>
  counts.reduce((sum, { count }) => sum + count, 0);

function growthEvent(growth: number, timestamp: string): MonitoringEventInput {
  return {
    event_id: `${DEAD_LETTER_GROWTH}:${timestamp}`,
    timestamp,
    data_type: 'METRICS',
    data: { service_name: OWN_SERVICE, metric_name: DEAD_LETTER_GROWTH, current_value: growth, unit: 'count' },
    metadata: { source_service: OWN_SERVICE },
  };
}
