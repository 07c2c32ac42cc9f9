import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { MARKET_DATA_PROTO } from '@distributary/contracts';
import { type Environment, loadConfig, noLogger } from '@distributary/distribution-nest';
import { leaveRecord, TestedService } from '@distributary/distribution-service/testing';
import { createApp, marketDataConfig } from '@distributary/market-data';
import { copyInitialisedDatabase } from '@distributary/persistence/testing';

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

/** The complete service in this process, on free ports, with its data in a folder of its own. */
export class TestApp extends TestedService<Running> {
  private constructor(
    private readonly directory: string,
    private env: Environment,
    running: Running,
    token?: string,
  ) {
    super(running, '/api/v1/market-data', token);
  }

  /** The same service for somebody else. */
  as(token: string): TestApp {
    return new TestApp(this.directory, this.env, this.running, token);
  }

  /**
   * What every app is given besides, by the folder of its log: apps of one folder share a log, whatever the broker is. For
   * runs of the same tests on real servers.
   */
  static surroundings: (logFolder: string) => Environment = () => ({});

  /**
   * The app of all suites that ask for nothing of their own, where several are played in one run: on a real server each start
   * makes all topics anew. Whoever plays them begins and ends it.
   */
  private static shared: TestApp | undefined;

  static async share(): Promise<void> {
    TestApp.shared = await TestApp.start();
  }

  static async stopShared(): Promise<void> {
    const { shared } = TestApp;
    TestApp.shared = undefined;
    await shared?.stop();
  }

  static async start(env: Environment = {}): Promise<TestApp> {
    if (TestApp.shared !== undefined && Object.keys(env).length === 0) return TestApp.shared;
    const directory = await mkdtemp(path.join(os.tmpdir(), 'distributary-market-e2e-'));
    try {
      return new TestApp(directory, env, await run(directory, env));
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** Drains, then starts anew on the same data, on other ports, with these settings changed. */
  async restart(env: Environment = {}): Promise<void> {
    await this.drain();
    this.env = { ...this.env, ...env };
    this.running = await run(this.directory, this.env);
  }

  private async drain(): Promise<void> {
    await this.running.lifecycle.drain('test');
    const { openApi, asyncApi, calls } = this.running;
    leaveRecord({ service: 'market-data', proto: MARKET_DATA_PROTO, openApi, asyncApi, calls });
  }

  /** Drains and removes the data, unless others share it. */
  async stop(): Promise<void> {
    if (this === TestApp.shared) return;
    await this.drain();
    await rm(this.directory, { recursive: true, force: true });
  }
}

async function run(directory: string, env: Environment) {
  const folders = { DATA_DIR: path.join(directory, 'data'), EMBEDDED_DIR: path.join(directory, 'log') };
  if (env.DATA_DIR === undefined && env.DATABASE_URL === undefined) await copyInitialisedDatabase(folders.DATA_DIR);
  const surroundings = TestApp.surroundings(env.EMBEDDED_DIR ?? folders.EMBEDDED_DIR);
  return createApp(loadConfig({ ...QUIET, ...folders, ...surroundings, ...env }, marketDataConfig), noLogger);
}
