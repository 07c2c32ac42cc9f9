import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import {
  type Environment,
  forkedProcess,
  forkedWorker,
  Lifecycle,
  type Logger,
  type PlannedProcess,
  ProcessPool,
  type Role,
  type Side,
  SystemClock,
} from '@distributary/distribution-nest';
import { EmbeddedPostgres } from '@distributary/persistence';
import { freePort } from './free-port.js';
import type { ServiceConfig } from '../config/service.config.js';

export interface ProcessesOptions {
  /** What each of the others runs. */
  readonly program: string;
  /** What each of them is given beside settings of its own. */
  readonly environment: Environment;
  readonly config: ServiceConfig;
  /** Settings by which the process of this name is told from the others, beside those that all services have. */
  readonly settingsOf: (name: string) => Readonly<Record<string, string>>;
  readonly logger: Logger;
}

export interface RunningProcesses {
  readonly httpUrl: string;
  readonly grpcPort: number;
  readonly lifecycle: Lifecycle;
  /** What SIGHUP does: each process reads its certificates again. */
  reload(): void;
  /** What SIGUSR2 does: one process after another is replaced. Never rejects. */
  restart(): Promise<void>;
}

/** On a busy machine, with a great log to look through. */
const READY_WITHIN_MS = 120_000;
/** A process that drains has a deadline of its own; only one that hangs meets this one. */
const DRAIN_MARGIN_MS = 5_000;

/**
 * The whole service as several processes of this machine: this one owns the ports and the embedded PostgreSQL, hands each
 * connection to one of those that share the ports (`api`, `gateway`), and keeps all of them running. What nobody connects
 * to (`router`, `worker`) is done by one more process beside them, which has ports of its own for its health and metrics.
 */
export async function createProcesses(options: ProcessesOptions): Promise<RunningProcesses> {
  const { program, config, logger } = options;
  const clock = new SystemClock();
  cluster.setupPrimary({ exec: program, args: [] });
  const port = config.PORT === 0 ? await freePort(config.HOST) : config.PORT;
  const grpcPort = config.GRPC_PORT === 0 ? await freePort(config.HOST) : config.GRPC_PORT;
  // Here, so that it outlives each of the others, which are its guests.
  const postgres =
    config.DATABASE_URL === undefined ? await EmbeddedPostgres.start({ directory: config.DATA_DIR }) : undefined;
  const pool = new ProcessPool(planOf(options, { PORT: String(port), GRPC_PORT: String(grpcPort) }), {
    clock,
    logger,
    readyWithinMs: READY_WITHIN_MS,
    drainWithinMs: config.DRAIN_TIMEOUT_MS + DRAIN_MARGIN_MS,
  });
  const lifecycle = new Lifecycle(clock, logger, config.DRAIN_TIMEOUT_MS + 3 * DRAIN_MARGIN_MS);
  // Each has deadlines of its own.
  const deadlineMs = 2 ** 31 - 1;
  lifecycle.onStart({ name: 'processes', deadlineMs, run: () => pool.start() });
  lifecycle.onDrain({ name: 'processes', deadlineMs, run: () => pool.stop() });
  lifecycle.onDrain({ name: 'postgres', deadlineMs, run: async () => postgres?.stop() });
  await lifecycle.start();
  const scheme = config.TLS_CERT_FILE === undefined ? 'http' : 'https';
  return {
    httpUrl: `${scheme}://${config.HOST}:${port}`,
    grpcPort,
    lifecycle,
    reload: () => pool.reload(),
    restart: () => pool.restart().catch((error: unknown) => logger.error('processes.restart_failed', { error })),
  };
}

/** First the one beside them: it prepares the database and the topics for all. */
function planOf(
  { program, environment, config, settingsOf: more }: ProcessesOptions,
  ports: { readonly PORT: string; readonly GRPC_PORT: string },
): readonly PlannedProcess[] {
  const rolesAmong = (...some: readonly Role[]) => config.ROLES.filter((role) => some.includes(role));
  const settingsOf = (name: string, side: Side, roles: readonly Role[]) => ({
    ROLES: roles.join(','),
    PROCESSES: '1',
    PROCESS_NAME: name,
    ...more(`${name}.${side}`),
  });
  const behind = rolesAmong('router', 'worker');
  const own = { HOST: '127.0.0.1', PORT: '0', GRPC_PORT: '0' };
  const background: PlannedProcess = {
    name: behind.join('-'),
    start: (side) =>
      forkedProcess(fork(program, { env: { ...environment, ...settingsOf(background.name, side, behind), ...own } })),
  };
  const open = rolesAmong('api', 'gateway');
  const sharing = Array.from({ length: config.PROCESSES }, (_, index): PlannedProcess => {
    const name = `${open.join('-')}-${index + 1}`;
    return {
      name,
      start: (side) => forkedWorker(cluster.fork({ ...settingsOf(name, side, open), ...ports })),
    };
  });
  return behind.length === 0 ? sharing : [background, ...sharing];
}
