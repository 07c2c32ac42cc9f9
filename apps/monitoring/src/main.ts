import {
  ConfigurationError,
  createLogger,
  drainOnSignals,
  loadConfig,
  SystemClock,
} from '@distributary/distribution-nest';
import { createApp } from './app.js';
import { monitoringConfig } from './config/monitoring.config.js';

try {
  const config = loadConfig(process.env, monitoringConfig);
  const logger = createLogger({ level: config.LOG_LEVEL, service: 'monitoring', clock: new SystemClock() });
  const { lifecycle, httpUrl, grpcPort, reload } = await createApp(config, logger);
  drainOnSignals(process, lifecycle);
  process.on('SIGHUP', reload);
  logger.info('service.listening', { http: httpUrl, grpc_port: grpcPort });
} catch (error) {
  process.stderr.write(`${error instanceof ConfigurationError ? error.message : String((error as Error).stack)}\n`);
  process.exit(1);
}
