import path from 'node:path';
import { type ServerProcess, startService } from '@distributary/bench';
import type { Log } from '@distributary/distribution-core';
import { pauseMs, untilTrue } from '../waiting.js';
import { type BrokerKind, embeddedBroker, type StageBroker } from './broker.js';
import { StageDatabase } from './database.js';
import { kafkaBroker } from './kafka-broker.js';
import { pulsarBroker } from './pulsar-broker.js';
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.js';
import { READY_WITHIN_MS, scriptOf, streamUrl, type TestedService, testedOn } from './tested-service.js';

export interface StageOptions {
  readonly broker: BrokerKind;
  readonly gateways: number;
  /** Processes that route and do nothing else; then the gateways do not. Absent: none. */
  readonly routers?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Of another version of the service; absent: that of this workspace. */
  readonly script?: string;
  /** Where the embedded log lies; absent: in a folder of the stage. */
  readonly logFolder?: string;
  /** Of Kafka; absent: one. */
  readonly brokers?: 1 | 3;
}

/** So that a lost owner is replaced soon; each scenario would otherwise wait for most of its time. */
const OWNERSHIP_TERM_MS = 1_500;
const GONE_WITHIN_MS = 30_000;

/**
 * What a scenario is played on: one database, one broker, and so many services over both.
 *
 *   gateway ─┐                 ┌─ PostgreSQL (behind a proxy)
 *   gateway ─┴─────────────────┴─ broker: embedded log in a folder, Kafka, or Pulsar
 */
export class Stage {
  readonly gateways: ServerProcess[] = [];
  readonly routers: ServerProcess[] = [];
  private started = 0;

  private constructor(
    private readonly place: TemporaryFolder,
    readonly service: TestedService,
    readonly database: StageDatabase,
    readonly broker: StageBroker,
    private readonly env: Readonly<Record<string, string>>,
    private readonly script: string | undefined,
  ) {}

  static async open(options: StageOptions): Promise<Stage> {
    const place = temporaryFolder('integrity');
    const { folder } = place;
    const database = await StageDatabase.start(path.join(folder, 'database'));
    const broker = await startBroker(options, folder).catch(async (error: unknown) => {
      await database.end();
      place.remove();
      throw error;
    });
    const stage = new Stage(place, testedOn(broker.kind), database, broker, options.env ?? {}, options.script);
    try {
      // The first one creates tables and topics, the others find them.
      const { gateways, routers = 0 } = options;
      const roles: Readonly<Record<string, string>> = routers > 0 ? { ROLES: 'api,gateway,worker' } : {};
      const more = (into: ServerProcess[], count: number, env: Readonly<Record<string, string>>) =>
        Array.from({ length: count }, async () => into.push(await stage.start(env)));
      stage.gateways.push(await stage.start(roles));
      await Promise.all([
        ...more(stage.gateways, gateways - 1, roles),
        ...more(stage.routers, routers, { ROLES: 'router' }),
      ]);
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** The broker itself, past the services. */
  openLog(): Promise<Log> {
    return this.broker.openLog();
  }

  private start(roles: Readonly<Record<string, string>>): Promise<ServerProcess> {
    const { place, service, database, broker, env, script = scriptOf(service) } = this;
    return startService({
      script,
      readyDeadlineMs: READY_WITHIN_MS,
      env: {
        OWNERSHIP_TERM_MS: String(OWNERSHIP_TERM_MS),
        DATABASE_URL: database.url,
        // One that comes back under its name ends what it left open; the embedded log does not need it.
        ...(broker.kind === 'kafka' && { KAFKA_INSTANCE: `process-${this.started++}` }),
        ...service.env(place.folder),
        ...broker.env,
        ...roles,
        ...env,
      },
    });
  }

  get folder(): string {
    return this.place.folder;
  }

  get ports(): number[] {
    return this.gateways.map(({ port }) => port);
  }

  /** Of its stream, at whichever port it is reached. */
  streamUrl(port: number): string {
    return streamUrl(this.service, port);
  }

  async close(): Promise<void> {
    for (const service of [...this.routers, ...this.gateways]) await service.stop();
    await this.broker.stop();
    await this.database.end();
    this.place.remove();
  }
}

async function startBroker({ broker, brokers = 1, logFolder }: StageOptions, folder: string): Promise<StageBroker> {
  if (broker === 'kafka') return kafkaBroker(brokers);
  return broker === 'pulsar' ? pulsarBroker() : embeddedBroker(logFolder ?? folder);
}

/** SIGTERM, as a deployment does it; resolves when the process has ended. */
export async function endGently(gateway: ServerProcess): Promise<void> {
  const { pid } = gateway;
  process.kill(pid, 'SIGTERM');
  await untilTrue('the service to end', () => !isAlive(pid), GONE_WITHIN_MS);
  // Its exit is told to the rest of this program in the same turn at the latest.
  await pauseMs(0);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
