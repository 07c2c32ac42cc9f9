import type { ServerProcess } from './server-process.js';
import { type ServiceOptions, serviceScript, startService } from './service-process.js';

export const INGEST_PATH = '/api/v1/monitoring/events';
export const STREAM_PATH = '/api/v1/monitoring/stream';

/** The monitoring service of this workspace, unless another script is named. */
export const startMonitoringService = (options: Partial<ServiceOptions> = {}): Promise<ServerProcess> =>
  startService({ ...options, script: options.script ?? serviceScript('monitoring') });
