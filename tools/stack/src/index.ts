import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { alertmanager } from './alertmanager.js';
import { kafka } from './kafka.js';
import { redis } from './redis.js';
import { schemaRegistry } from './schema-registry.js';
import { freePort, type RunningServer, type StackServer, startServer } from './stack-server.js';

export type { RunningServer } from './stack-server.js';

/** A Redis for one test: a free port (or the given one, to come back on), and data that is gone when it is stopped. */
export const startRedis = (port?: number): Promise<RunningServer> => startForTest(redis, port);

/** A Prometheus Alertmanager for one test, with the text of its `alertmanager.yml`. */
export const startAlertmanager = (configuration?: string): Promise<RunningServer> =>
  startForTest(alertmanager(configuration));

/** A Kafka of one broker for one test; its `url` is what KAFKA_BROKERS takes. */
export const startKafka = (port?: number): Promise<RunningServer> => startForTest(kafka, port);

/** A schema registry (Confluent's API) for one test; its `url` is what SCHEMA_REGISTRY_URL takes. */
export const startSchemaRegistry = (port?: number): Promise<RunningServer> => startForTest(schemaRegistry, port);

async function startForTest(server: StackServer, port?: number): Promise<RunningServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), `distributary-${server.kind}-`));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const running = await startServer(server, { folder, port: port ?? (await freePort(server.ports)) });
    const stop: RunningServer['stop'] = async (signal) => {
      await running.stop(signal);
      remove();
    };
    return { ...running, stop };
  } catch (error) {
    remove();
    throw error;
  }
}
