import { type Clock, PerformanceStatistics } from '@distributary/distribution-core';
import {
  adminArea,
  gaugeReader,
  PerformanceController,
  PerformanceService,
  ResourceMonitor,
} from '@distributary/distribution-nest';
import type { DynamicModule } from '@nestjs/common';
import type { Registry } from 'prom-client';
import type { Parts } from './parts.js';

export interface ObservabilitySurroundings {
  readonly clock: Clock;
  readonly registry: Registry;
}

/** What the service measures of itself. */
export interface Observability {
  readonly statistics: PerformanceStatistics;
  readonly resources: ResourceMonitor;
  /** For the administration. */
  readonly areas: readonly DynamicModule[];
  start(): void;
  stop(): Promise<void>;
}

export function openObservability(parts: Parts, around: ObservabilitySurroundings): Observability {
  const { clock, registry } = around;
  const { fanOut, directory } = parts;
  const statistics = new PerformanceStatistics(clock);
  fanOut.observer = statistics;
  const resources = new ResourceMonitor(clock);
  const gauge = gaugeReader(registry);
  const performance = new PerformanceService({ statistics, fanOut, directory, resources, gauge, clock });
  return {
    statistics,
    resources,
    areas: [adminArea('Performance', [PerformanceController], [[PerformanceService, performance]])],
    start: () => resources.start(),
    stop: async () => resources.stop(),
  };
}
