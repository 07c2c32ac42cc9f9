import type { ServerProcess } from '../server-process.js';
import { type ServiceOptions, serviceScript, startService } from '../service-process.js';

export const MARKET_INGEST_PATH = '/api/v1/market-data/events';
export const MARKET_STREAM_PATH = '/api/v1/market-data/stream';

/** The market data service as it is started in production, on its own data folder and ports. */
export const startMarketDataService = (
  options: Partial<Pick<ServiceOptions, 'cpu' | 'env' | 'processes' | 'profileFolder'>> = {},
): Promise<ServerProcess> => startService({ ...options, script: serviceScript('market-data') });
