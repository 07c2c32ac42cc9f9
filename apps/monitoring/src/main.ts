import {
  ConfigurationError,
  createLogger,
  drainOnSignals,
  joinPool,
  keepShortLivedObjectsYoung,
  loadConfig,
  SystemClock,
} from '@distributary/distribution-nest';
import { createApp } from './app.js';
import { monitoringConfig } from './config/monitoring.config.js';
import { createProcesses } from './processes.js';

keepShortLivedObjectsYoung();
try {
  const config = loadConfig(process.env, monitoringConfig);
  const logger = createLogger({ level: config.LOG_LEVEL, service: 'monitoring', clock: new SystemClock() });
  if (config.PROCESSES > 1) {
    const options = { program: process.argv[1], environment: process.env, config, logger };
    const service = createProcesses(options);
    // From the first moment on, or they would end the process; what is asked for while it starts is done then.
    process.on('SIGHUP', () => void service.then(({ reload }) => reload()));
    process.on('SIGUSR2', () => void service.then(({ restart }) => restart()));
    const { lifecycle, httpUrl, grpcPort } = await service;
    drainOnSignals(process, lifecycle);
    logger.info('service.listening', { http: httpUrl, grpc_port: grpcPort, processes: config.PROCESSES });
  } else {
    const { lifecycle, httpUrl, grpcPort, reload } = await createApp(config, logger);
    drainOnSignals(process, lifecycle);
    process.on('SIGHUP', reload);
    logger.info('service.listening', { http: httpUrl, grpc_port: grpcPort, roles: config.ROLES });
    joinPool(process, lifecycle);
  }
} catch (error) {
  process.stderr.write(`${error instanceof ConfigurationError ? error.message : String((error as Error).stack)}\n`);
  process.exit(1);
}
