import type { Logger } from '@distributary/distribution-nest';
import { createService, type RunningService } from '@distributary/distribution-service';
import type { MarketDataConfig } from './config/market-data.config.js';
import { marketDataDomain } from './market-data.domain.js';

export type RunningApp = RunningService;

/** The whole service, listening. If it rejects, nothing is left running. */
export const createApp = (config: MarketDataConfig, logger: Logger): Promise<RunningApp> =>
  createService(marketDataDomain, config, logger);
