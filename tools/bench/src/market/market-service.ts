import path from 'node:path';
import type { ServerProcess } from '../server-process.js';
import { type ServiceOptions, startMonitoringService } from '../monitoring-service.js';

export const MARKET_INGEST_PATH = '/api/v1/market-data/events';
export const MARKET_STREAM_PATH = '/api/v1/market-data/stream';

/** This file runs from the `dist` of its project. */
const SCRIPT = path.resolve(import.meta.dirname, '../../../../apps/market-data/dist/main.js');

/** The market data service as it is started in production, on its own data folder and ports. */
export const startMarketDataService = (options: Pick<ServiceOptions, 'cpu' | 'env'> = {}): Promise<ServerProcess> =>
  startMonitoringService({ ...options, script: SCRIPT });
