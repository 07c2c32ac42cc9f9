import type { ServerProcess } from './server-process.js';
import { type ServiceOptions, serviceScript, startService } from './service-process.js';

export const INGEST_PATH = '/api/v1/monitoring/events';
export const STREAM_PATH = '/api/v1/monitoring/stream';

/** The monitoring service as it is started in production, on its own data folder and ports. */
export const startMonitoringService = (options: Partial<Omit<ServiceOptions, 'script'>> = {}): Promise<ServerProcess> =>
  startService({ ...options, script: serviceScript('monitoring') });
