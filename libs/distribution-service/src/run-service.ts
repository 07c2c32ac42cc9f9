import {
  ConfigurationError,
  createLogger,
  drainOnSignals,
  type Environment,
  joinPool,
  keepShortLivedObjectsYoung,
  loadConfig,
  SystemClock,
} from '@distributary/distribution-nest';
import type { z } from 'zod';
import type { ServiceConfig } from './config/service.config.js';
import type { Domain } from './domain.js';
import { createProcesses } from './processes/processes.js';
import { createService } from './service.js';

/** What the program of a service is started with. */
export interface ProgramStart {
  /** Of its own file: what others beside it run. */
  readonly program: string;
  readonly environment: Environment;
}

/** What the program of a service does: one process, or as many as it is told, until it is told to stop. */
export async function runService<Config extends ServiceConfig>(
  domain: Domain<Config> & { readonly config: z.ZodType<Config> },
  { program, environment }: ProgramStart,
): Promise<void> {
  keepShortLivedObjectsYoung();
  try {
    const config = loadConfig(environment, domain.config);
    const logger = createLogger({ level: config.LOG_LEVEL, service: domain.name, clock: new SystemClock() });
    if (config.PROCESSES > 1) {
      const service = createProcesses({
        program,
        environment,
        config,
        settingsOf: domain.settingsOfProcesses?.(config) ?? (() => ({})),
        logger,
      });
      // From the first moment on, or they would end the process; what is asked for while it starts is done then.
      process.on('SIGHUP', () => void service.then(({ reload }) => reload()));
      process.on('SIGUSR2', () => void service.then(({ restart }) => restart()));
      const { lifecycle, httpUrl, grpcPort } = await service;
      drainOnSignals(process, lifecycle);
      logger.info('service.listening', { http: httpUrl, grpc_port: grpcPort, processes: config.PROCESSES });
      joinPool(process, lifecycle);
    } else {
      const service = createService(domain, config, logger);
      // From the first moment on, as above.
      process.on('SIGHUP', () => void service.then(({ reload }) => reload()));
      const { lifecycle, httpUrl, grpcPort } = await service;
      drainOnSignals(process, lifecycle);
      logger.info('service.listening', { http: httpUrl, grpc_port: grpcPort, roles: config.ROLES });
      joinPool(process, lifecycle);
    }
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigurationError ? error.message : String((error as Error).stack)}\n`);
    process.exit(1);
  }
}
