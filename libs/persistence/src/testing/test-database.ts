import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '../embedded-postgres.js';

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
  return { name: 'configured PostgreSQL', create: () => createDatabase(url), stop: () => Promise.resolve() };
}

async function createDatabase(serverUrl: string): Promise<string> {
  const name = `distributary_test_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.toString();
}
