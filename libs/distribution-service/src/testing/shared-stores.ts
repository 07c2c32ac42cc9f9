import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { testDatabaseServers } from '@distributary/persistence/testing';

/** What several processes of one service have in common: a database and a log. */
export interface SharedStores {
  /** Settings of each of them. */
  readonly env: { readonly DATABASE_URL: string; readonly EMBEDDED_DIR: string };
  /** When all of them have stopped. */
  close(): Promise<void>;
}

/** Both empty, and for the tests of one file. */
export async function openSharedStores(): Promise<SharedStores> {
  const server = await testDatabaseServers(undefined)[0].open();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'distributary-e2e-log-'));
  return {
    env: { DATABASE_URL: await server.create(), EMBEDDED_DIR: path.join(folder, 'log') },
    close: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
