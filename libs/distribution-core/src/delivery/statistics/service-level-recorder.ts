import type { Clock } from '../../ports/clock.port.js';
import type { DailyDeliveryStore } from '../../ports/daily-delivery-store.port.js';
import type { Counter, Metrics } from '../../ports/metrics.port.js';
import { dayAfter, type DailyDelivery, dayOf, mergedDelivery, minuteOf, noLatencies } from './daily-delivery.js';
import type { PerformanceStatistics } from './performance-statistics.js';

export interface ServedTopic {
  readonly name: string;
  readonly tenant: string;
  /** At this moment. */
  readonly isServed: boolean;
}

export interface ServiceLevelOptions {
  readonly writeEveryMs: number;
  readonly retentionDays: number;
  /** Rows that may wait for a store that does not answer; beyond it those that come are lost, and counted. */
  readonly maxPending?: number;
}

export interface ServiceLevelDependencies {
  readonly statistics: Pick<PerformanceStatistics, 'takeTopics'>;
  readonly store: DailyDeliveryStore;
  readonly topics: () => readonly ServedTopic[];
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly onError: (error: unknown) => void;
}

const LOOK_EVERY_MS = 1_000;
const MAX_PENDING = 2_000;

/**
 * Keeps what was delivered by topic and day: gathered in memory, written in one batch every minute or so and at the end,
 * added to what is there. A minute counts as served if the topic was served at each look (every second) into it.
 */
export class ServiceLevelRecorder {
  private pending = new Map<string, DailyDelivery>();
  private readonly minutes = new Map<string, { readonly tenant: string; isServed: boolean }>();
  private minuteStartMicros = -1;
  private isWhole = false;
  private writtenAtMs: number;
  private cleanedDay = '';
  private cancel: (() => void) | undefined;
  private writing: Promise<void> | undefined;
  private readonly maxPending: number;
  private readonly lostRows: Counter;

  constructor(
    private readonly deps: ServiceLevelDependencies,
    private readonly options: ServiceLevelOptions,
  ) {
    this.writtenAtMs = deps.clock.monotonicMs();
    this.maxPending = options.maxPending ?? MAX_PENDING;
    this.lostRows = deps.metrics.counter('sla_rows_lost_total', 'Rows of a topic and day that were not kept');
  }

  start(): void {
    this.cancel ??= this.deps.clock.after(LOOK_EVERY_MS, () => {
      this.cancel = undefined;
      this.look();
      this.start();
    });
  }

  /** Writes what there is, once. */
  async stop(): Promise<void> {
    this.cancel?.();
    this.cancel = undefined;
    await this.writing;
    await this.write();
  }

  private look(): void {
    const { clock, topics } = this.deps;
    const nowMicros = clock.nowMicros();
    const minuteStart = Math.floor(nowMicros / 60e6) * 60e6;
    if (minuteStart !== this.minuteStartMicros) this.beginMinute(minuteStart, nowMicros);
    for (const { name, tenant, isServed } of topics()) {
      const known = this.minutes.get(name);
      if (known !== undefined) known.isServed &&= isServed;
      else if (this.minutes.size < this.maxPending) this.minutes.set(name, { tenant, isServed });
    }
    if (clock.monotonicMs() - this.writtenAtMs < this.options.writeEveryMs) return;
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
  }

  /** The minute before is over: what was served all through it is noted. One that began before the process did is not whole. */
  private beginMinute(startMicros: number, nowMicros: number): void {
    const isNext = startMicros - this.minuteStartMicros === 60e6;
    if (this.minuteStartMicros >= 0 && this.isWhole) {
      for (const [topic, { tenant, isServed }] of this.minutes) {
        const servedMinutes = isServed ? [minuteOf(this.minuteStartMicros)] : [];
        this.note({ ...emptyDay(topic, tenant, dayOf(this.minuteStartMicros)), servedMinutes });
      }
    }
    // The first look into a minute comes within its first second or two, unless the process slept.
    this.isWhole = isNext || nowMicros - startMicros < 2 * LOOK_EVERY_MS * 1000;
    this.minuteStartMicros = startMicros;
    this.minutes.clear();
  }

  private note(row: DailyDelivery): void {
    const key = `${row.day} ${row.topic}`;
    const known = this.pending.get(key);
    if (known !== undefined) this.pending.set(key, mergedDelivery(known, row));
    else if (this.pending.size < this.maxPending) this.pending.set(key, row);
    else this.lostRows.add();
  }

  private async write(): Promise<void> {
    const { statistics, store, clock, onError } = this.deps;
    this.writtenAtMs = clock.monotonicMs();
    const today = dayOf(clock.nowMicros());
    for (const { latencies, topic, tenant, events, deliveries, failed, dropped } of statistics.takeTopics()) {
      const counts = latencies === undefined ? noLatencies() : [...latencies];
      this.note({ ...emptyDay(topic, tenant, today), events, deliveries, failed, dropped, latencies: counts });
    }
    const rows = this.pending;
    this.pending = new Map();
    try {
      if (rows.size > 0) await store.add([...rows.values()]);
      if (this.cleanedDay !== today) {
        await store.deleteBefore(dayAfter(today, -this.options.retentionDays));
        this.cleanedDay = today;
      }
    } catch (error) {
      // Kept for the next time; what came meanwhile is added to it.
      for (const row of rows.values()) this.note(row);
      onError(error);
    }
  }
}

function emptyDay(topic: string, tenant: string, day: string): DailyDelivery {
  return {
    topic,
    tenant,
    day,
    events: 0,
    deliveries: 0,
    failed: 0,
    dropped: 0,
    latencies: noLatencies(),
    servedMinutes: [],
  };
}
