import type { MonitoringEventInput } from '@distributary/contracts';
import type { Clock } from '@distributary/distribution-core';
import {
  type PerformanceSample,
  type FailureLog,
  isoOfMicros,
  RepeatingTask,
  type Schedule,
} from '@distributary/distribution-service';
import { OWN_SERVICE } from '../events/own-service.js';
import { sourceWordOf } from './source-word.js';
import type { MonitoringPublisher } from '../events/own-publishing.js';

export interface PerformancePublisherOptions {
  readonly intervalMs: number;
  readonly hostname: string;
  /** Of this process among those of its machine; undefined: it is the only one. */
  readonly processName?: string;
}

const FIGURES: readonly (readonly [metric: string, part: keyof PerformanceSample, unit: string])[] = [
  ['delivery.latency_p99_ms', 'latencyP99Ms', 'ms'],
  ['delivery.success_ratio', 'successRatio', 'ratio'],
  ['delivery.events_per_s', 'eventsPerSecond', 'events/s'],
  ['delivery.deliveries_per_s', 'deliveriesPerSecond', 'events/s'],
  ['delivery.lag_events', 'lagEvents', 'events'],
  ['api.server_error_ratio', 'serverErrorRatio', 'ratio'],
  ['process.heap_used_ratio', 'heapUsedRatio', 'ratio'],
];

/** Publishes how the service performs as METRICS of its own, on which the alert rules look as on anybody's. */
export class PerformancePublisher implements Schedule {
  private readonly schedule: RepeatingTask;
  private readonly sourceWord: string;

  constructor(
    private readonly sample: () => PerformanceSample,
    private readonly publisher: MonitoringPublisher,
    private readonly clock: Clock,
    private readonly options: PerformancePublisherOptions,
    log?: FailureLog,
  ) {
    this.sourceWord = sourceWordOf(options.hostname, options.processName);
    this.schedule = new RepeatingTask('performance', options.intervalMs, clock, () => this.publish(), log);
  }

  start(): void {
    this.schedule.start();
  }

  stop(): Promise<void> {
    return this.schedule.stop();
  }

  private async publish(): Promise<void> {
    const sample = this.sample();
    const { hostname, processName } = this.options;
    const timestamp = isoOfMicros(this.clock.nowMicros());
    await this.publisher.publish(
      FIGURES.map(([metric, part, unit]): MonitoringEventInput => ({
        timestamp,
        data_type: 'METRICS',
        data: {
          service_name: OWN_SERVICE,
          metric_name: metric,
          current_value: Math.round(sample[part] * 1e6) / 1e6,
          unit,
          labels: {
            host: hostname.slice(0, 200),
            ...(processName === undefined ? {} : { process: processName }),
          },
        },
        routing: { routing_key: `${OWN_SERVICE}.metric.${this.sourceWord}` },
        metadata: { source_service: OWN_SERVICE },
      })),
    );
  }
}
