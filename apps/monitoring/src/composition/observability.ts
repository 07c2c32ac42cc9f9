import type { Clock } from '@distributary/distribution-core';
import {
  adminArea,
  AnalyticsController,
  CallStatistics,
  gaugeReader,
  PerformanceController,
  PerformanceService,
  ResourceMonitor,
  SystemClock,
} from '@distributary/distribution-nest';
import type { DynamicModule } from '@nestjs/common';
import type { Registry } from 'prom-client';
import type { Parts } from './parts.js';
import type { Telemetry } from './telemetry.js';

export interface ObservabilitySurroundings {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly telemetry: Telemetry;
}

/** What the service shows of what it measures of itself. */
export interface Observability {
  readonly resources: ResourceMonitor;
  /** For the administration. */
  readonly areas: readonly DynamicModule[];
  start(): void;
  stop(): Promise<void>;
}

export function openObservability(parts: Parts, around: ObservabilitySurroundings): Observability {
  const { clock, registry, telemetry } = around;
  const { statistics, calls } = telemetry;
  const { fanOut, directory } = parts;
  const resources = new ResourceMonitor(clock);
  const gauge = gaugeReader(registry);
  const performance = new PerformanceService({ statistics, fanOut, directory, resources, gauge, clock });
  return {
    resources,
    areas: [
      adminArea('Performance', [PerformanceController], [[PerformanceService, performance]]),
      adminArea(
        'Analytics',
        [AnalyticsController],
        [
          [CallStatistics, calls],
          [SystemClock, clock],
        ],
      ),
    ],
    start: () => resources.start(),
    stop: async () => resources.stop(),
  };
}
