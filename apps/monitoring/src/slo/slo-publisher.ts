import type { MonitoringEventInput } from '@distributary/contracts';
import type { Clock } from '@distributary/distribution-core';
import { isoOfMicros, RepeatingTask, type Schedule } from '@distributary/distribution-service';
import { OWN_SERVICE } from '../events/own-service.js';
import {
  DEFAULT_OBJECTIVES,
  DeliveryPeriod,
  type DeliveryWindow,
  latencyStatus,
  type Objectives,
  type SloStatus,
  successStatus,
} from './delivery-slo.js';

/** Where deliveries are counted. */
export interface MeasuredDeliveries {
  summary(): DeliveryWindow;
}

export interface SloOptions {
  /** Of the process whose deliveries they are; a word of the routing key, so that each has states of its own. */
  readonly sourceWord: string;
  readonly intervalMs?: number;
  readonly objectives?: Objectives;
}

/** Publishes SLO_STATUS from the service's own measured deliveries. Without deliveries it says `no_data`, never compliant. */
export class SloPublisher implements Schedule {
  private readonly schedule: RepeatingTask;
  private readonly period = new DeliveryPeriod();
  private readonly objectives: Objectives;
  private statuses: readonly SloStatus[] = [];

  constructor(
    private readonly deliveries: MeasuredDeliveries,
    private readonly outbox: { add(events: readonly MonitoringEventInput[]): void },
    private readonly clock: Clock,
    private readonly options: SloOptions,
  ) {
    this.objectives = options.objectives ?? DEFAULT_OBJECTIVES;
    this.schedule = new RepeatingTask('slo', options.intervalMs ?? 10_000, clock, () => this.publish());
  }

  start(): void {
    this.schedule.start();
  }

  stop(): Promise<void> {
    return this.schedule.stop();
  }

  /** As published last; empty before the first time. */
  current(): readonly SloStatus[] {
    return this.statuses;
  }

  private publish(): void {
    const window = this.deliveries.summary();
    const period = this.period.add(window, this.clock.monotonicMs());
    this.statuses = [latencyStatus(window, this.objectives), successStatus(window, period, this.objectives)];
    const timestamp = isoOfMicros(this.clock.nowMicros());
    this.outbox.add(this.statuses.map((status) => sloEvent(status, timestamp, this.options.sourceWord)));
  }
}

function sloEvent(status: SloStatus, timestamp: string, sourceWord: string): MonitoringEventInput {
  const { value, burnRate, budgetRemaining } = status;
  return {
    event_id: `slo:${status.sloName}:${sourceWord}:${timestamp}`,
    timestamp,
    data_type: 'SLO_STATUS',
    data: {
      service_name: OWN_SERVICE,
      slo_name: status.sloName,
      metric_name: status.metricName,
      state: status.state,
      ...(value === undefined ? {} : { current_value: rounded(value) }),
      threshold: status.objective,
      unit: status.unit,
      window_ms: status.windowMs,
      sample_count: status.sampleCount,
      ...(burnRate === undefined ? {} : { burn_rate: rounded(burnRate) }),
      ...(budgetRemaining === undefined ? {} : { error_budget_remaining: rounded(budgetRemaining) }),
    },
    routing: { routing_key: `${OWN_SERVICE}.slo.${sourceWord}` },
    metadata: { source_service: OWN_SERVICE },
  };
}

const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
