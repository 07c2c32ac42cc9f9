import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { createDataSource, type DataSourceSettings } from '../data-source.js';
import { EmbeddedPostgres } from '../embedded-postgres.js';
import { copyInitialisedDatabase } from './database-template.js';

export { copyInitialisedDatabase };

export interface TestDatabaseServer {
  readonly name: string;
  /** An empty database of its own. */
  create(): Promise<string>;
  stop(): Promise<void>;
}

/** A server for the tests of one file: the embedded one, and the configured one too if there is one. */
export function testDatabaseServers(
  configuredUrl: string | undefined,
): { name: string; open(): Promise<TestDatabaseServer> }[] {
  const servers = [{ name: 'embedded PostgreSQL', open: openEmbedded }];
  if (configuredUrl !== undefined) {
    if (!new URL(configuredUrl).pathname.includes('test'))
      throw new Error('the name of a test database must contain "test"');
    servers.push({ name: 'configured PostgreSQL', open: () => openConfigured(configuredUrl) });
  }
  return servers;
}

async function openEmbedded(): Promise<TestDatabaseServer> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'distributary-database-'));
  await copyInitialisedDatabase(directory);
  const server = await EmbeddedPostgres.start({ directory });
  return {
    name: 'embedded PostgreSQL',
    create: () => createDatabase(server.url),
    stop: async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function openConfigured(url: string): Promise<TestDatabaseServer> {
  const created: string[] = [];
  return {
    name: 'configured PostgreSQL',
    create: async () => {
      const database = await createDatabase(url);
      created.push(new URL(database).pathname.slice(1));
      return database;
    },
    stop: () =>
      runOn(
        url,
        created.splice(0).map((name) => `DROP DATABASE ${name} WITH (FORCE)`),
      ),
  };
}

async function createDatabase(serverUrl: string): Promise<string> {
  const name = `distributary_test_${randomBytes(6).toString('hex')}`;
  await runOn(serverUrl, [`CREATE DATABASE ${name}`]);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.toString();
}

async function runOn(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

export interface OwnDatabase {
  /** For the service that it is to belong to. */
  readonly url: string;
  /** The service's rows, past the service. */
  readonly rows: DataSource;
  /** To be called when the service has stopped. */
  stop(): Promise<void>;
}

/** A database for one service, on a server of its own. */
export async function openOwnDatabase(owner: DataSourceSettings['owner']): Promise<OwnDatabase> {
  const [{ open }] = testDatabaseServers(undefined);
  const server = await open();
  const url = await server.create();
  const rows = await createDataSource({ url, owner }).initialize();
  return {
    url,
    rows,
    stop: async () => {
      await rows.destroy();
      await server.stop();
    },
  };
}
