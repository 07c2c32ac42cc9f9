import path from 'node:path';
import type { ServerProcess } from '../server-process.js';
import { startMonitoringService } from '../monitoring-service.js';

export const MARKET_INGEST_PATH = '/api/v1/market-data/events';
export const MARKET_STREAM_PATH = '/api/v1/market-data/stream';

/** This file runs from the `dist` of its project. */
const SCRIPT = path.resolve(import.meta.dirname, '../../../../apps/market-data/dist/main.js');

/** The market data service as it is started in production, with its log in files or on the Pulsar. */
export const startMarketDataService = (cpu?: number, pulsarUrl?: string): Promise<ServerProcess> =>
  startMonitoringService({
    script: SCRIPT,
    cpu,
    env: pulsarUrl === undefined ? {} : { PULSAR_URL: pulsarUrl, PULSAR_NAMESPACE: `bench-${process.pid}` },
  });
