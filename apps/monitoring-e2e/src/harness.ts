import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { MONITORING_PROTO } from '@distributary/contracts';
import { type Environment, loadConfig, type Logger, noLogger } from '@distributary/distribution-nest';
import { leaveRecord, TestedService } from '@distributary/distribution-service/testing';
import { createApp, monitoringConfig } from '@distributary/monitoring';
import { copyInitialisedDatabase } from '@distributary/persistence/testing';

export type { Reply } from '@distributary/distribution-service/testing';

/** What the service stores; its probe measures once at the start and then never again within a test. */
const QUIET: Environment = {
  PORT: '0',
  GRPC_PORT: '0',
  EMBEDDED_SYNC: 'commit',
  EMBEDDED_MAX_SIZE: '1GiB',
  PROBE_INTERVAL_MS: '3600000',
  PERFORMANCE_INTERVAL_MS: '3600000',
  RECEIPT_INTERVAL_MS: '3600000',
};

type Running = Awaited<ReturnType<typeof createApp>>;

/** The complete service in this process, on free ports, with embedded storage in a folder of its own. */
export class TestApp extends TestedService<Running> {
  private constructor(
    private readonly directory: string,
    private readonly env: Environment,
    running: Running,
    token?: string,
  ) {
    super(running, '/api/v1/monitoring', token);
  }

  /** The same service for somebody else. */
  as(token: string | undefined): TestApp {
    return new TestApp(this.directory, this.env, this.running, token);
  }

  static async start(env: Environment = {}, logger: Logger = noLogger): Promise<TestApp> {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'distributary-e2e-'));
    try {
      return new TestApp(directory, env, await run(directory, env, logger));
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * What every app is given besides, by the folder of its log: apps of one folder share a log, whatever the broker is. For
   * runs of the same tests on real servers.
   */
  static surroundings: (logFolder: string) => Environment = () => ({});

  /** Where the key of the first start is, if the app asks for one and was told no other place. */
  get keyFile(): string {
    return keyFileIn(this.directory);
  }

  get routes() {
    return this.running.routes;
  }

  /** What SIGHUP does. */
  reload(): void {
    this.running.reload();
  }

  /** What SIGTERM does; the data stays. */
  async drain() {
    const outcome = await this.running.lifecycle.drain('test');
    const { openApi, asyncApi, calls } = this.running;
    leaveRecord({ service: 'monitoring', proto: MONITORING_PROTO, openApi, asyncApi, calls });
    return outcome;
  }

  /** Drains, then starts anew on the same data, on other ports. */
  async restart(): Promise<void> {
    await this.drain();
    this.running = await run(this.directory, this.env);
  }

  /** Drains and removes the data. */
  async stop(): Promise<void> {
    await this.drain();
    await rm(this.directory, { recursive: true, force: true });
  }
}

function keyFileIn(directory: string): string {
  return path.join(directory, 'first.key');
}

async function run(directory: string, env: Environment, logger: Logger = noLogger) {
  const folders = {
    DATA_DIR: path.join(directory, 'data'),
    EMBEDDED_DIR: path.join(directory, 'log'),
    AUTH_KEY_FILE: keyFileIn(directory),
  };
  if (env.DATA_DIR === undefined && env.DATABASE_URL === undefined) await copyInitialisedDatabase(folders.DATA_DIR);
  const surroundings = TestApp.surroundings(env.EMBEDDED_DIR ?? folders.EMBEDDED_DIR);
  return createApp(loadConfig({ ...QUIET, ...folders, ...surroundings, ...env }, monitoringConfig), logger);
}
