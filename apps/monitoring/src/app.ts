import type { Logger } from '@distributary/distribution-nest';
import { createService, type RunningService } from '@distributary/distribution-service';
import type { MonitoringConfig } from './config/monitoring.config.js';
import { monitoringDomain } from './monitoring.domain.js';

export type RunningApp = RunningService;

/** The whole service, listening. If it rejects, nothing is left running. */
export const createApp = (config: MonitoringConfig, logger: Logger): Promise<RunningApp> =>
  createService(monitoringDomain, config, logger);
