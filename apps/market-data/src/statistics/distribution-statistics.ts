import type { Clock, Metrics } from '@distributary/distribution-core';
import { DeliveryLog } from './delivery-log.js';
import { IntervalFigures } from './interval-figures.js';
import { RowWriter } from './row-writer.js';
import {
  type DeliveryRow,
  type LaneRow,
  laneRow,
  type LaneStanding,
  type TopicRow,
  topicRows,
} from './statistics-rows.js';
import type { StatisticsTables } from './statistics-tables.js';

export interface DistributionStatisticsDependencies {
  readonly tables: StatisticsTables;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly onError: (error: unknown) => void;
  /** What the broker knows of a lane. Asked once per lane and interval; must not throw. */
  readonly standingOf?: (topic: string, partition: number) => LaneStanding;
}

export interface DistributionStatisticsOptions {
  readonly intervalMs: number;
  /** Share of deliveries in the log of deliveries, 0 to 1. */
  readonly sampleRate: number;
}

/**
 * What this process distributed, in the service's tables: per interval and topic, per interval and lane, and single
 * deliveries. `figures` is told by the fan-out, `deliveries` by whoever delivers. Several processes write rows of their own.
 */
export class DistributionStatistics {
  readonly figures: IntervalFigures;
  readonly deliveries: DeliveryLog;
  private readonly topics: RowWriter<TopicRow>;
  private readonly lanes: RowWriter<LaneRow>;
  private readonly log: RowWriter<DeliveryRow>;
  private beganMs: number;
  private cancel: (() => void) | undefined;

  constructor(
    private readonly deps: DistributionStatisticsDependencies,
    private readonly options: DistributionStatisticsOptions,
  ) {
    const { tables, clock, metrics, onError } = deps;
    const around = { clock, metrics, onError };
    this.figures = new IntervalFigures(metrics);
    this.topics = new RowWriter({
      ...around,
      table: 'distribution_stats',
      write: (rows) => tables.insertTopics(rows),
    });
    this.lanes = new RowWriter({
      ...around,
      table: 'distribution_metrics_ts',
      write: (rows) => tables.insertLanes(rows),
    });
    this.log = new RowWriter({
      ...around,
      table: 'message_delivery_log',
      write: (rows) => tables.insertDeliveries(rows),
    });
    this.deliveries = new DeliveryLog(this.log, clock, options.sampleRate);
    this.beganMs = clock.monotonicMs();
  }

  start(): void {
    this.cancel ??= this.deps.clock.after(this.options.intervalMs, () => {
      this.cancel = undefined;
      this.endInterval();
      this.start();
    });
  }

  /** Ends the interval and writes what there is. */
  async stop(): Promise<void> {
    this.cancel?.();
    this.cancel = undefined;
    this.endInterval();
    await Promise.all([this.topics, this.lanes, this.log].map((writer) => writer.stop()));
  }

  private endInterval(): void {
    const { clock, standingOf = () => ({}) } = this.deps;
    const nowMs = clock.monotonicMs();
    const seconds = Math.max(0.001, (nowMs - this.beganMs) / 1000);
    this.beganMs = nowMs;
    const atMicros = clock.nowMicros();
    const taken = this.figures.take();
    for (const lane of taken) {
      this.lanes.add(laneRow(lane, atMicros, seconds, standingOf(lane.topic, lane.partition)));
    }
    for (const row of topicRows(taken, atMicros)) this.topics.add(row);
  }
}
