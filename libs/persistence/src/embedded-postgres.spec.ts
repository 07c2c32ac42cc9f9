import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { chooseRunAs, commandOf } from './postgres-binaries.js';

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}

describe('the embedded PostgreSQL', () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(path.join(os.tmpdir(), 'distributary-postgres-'));
  });
  afterEach(() => {
    rmSync(parent, { recursive: true, force: true });
  });

  it('keeps its data between starts, in a folder that only its owner may enter', async () => {
    chmodSync(parent, 0o700);
    const directory = path.join(parent, 'data');
    const first = await EmbeddedPostgres.start({ directory });
    await query(first.url, 'CREATE TABLE kept AS SELECT 7 AS n');
    await first.stop();
    await expect(query(first.url, 'SELECT 1')).rejects.toThrow();
    const second = await EmbeddedPostgres.start({ directory });
    expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
    await second.stop();
    await second.stop();
    expect(statSync(path.join(directory, 'postgres-password')).mode & 0o777).toBe(0o600);
  }, 60_000);

  it('takes over the server that a killed service left running', async () => {
    chmodSync(parent, 0o755);
    const left = await EmbeddedPostgres.start({ directory: parent });
    const found = await EmbeddedPostgres.start({ directory: parent });
    expect(found.url).toBe(left.url);
    await found.stop();
    await expect(query(left.url, 'SELECT 1')).rejects.toThrow();
  }, 60_000);

  it('lets nobody in without the password', async () => {
    const server = await EmbeddedPostgres.start({ directory: parent });
    const password = readFileSync(path.join(parent, 'postgres-password'), 'utf8');
    await expect(query(server.url.replace(encodeURIComponent(password), 'guess'), 'SELECT 1')).rejects.toThrow(
      'password',
    );
    await server.stop();
  }, 60_000);

  it('never runs as root: as nobody where nobody can enter, else in a namespace of its own', () => {
    chmodSync(parent, 0o755);
    expect(chooseRunAs([parent], 1000)).toEqual({ kind: 'self' });
    expect(chooseRunAs([parent], 0)).toMatchObject({ kind: 'user', uid: 65534 });
    chmodSync(parent, 0o700);
    expect(chooseRunAs([path.join(parent, 'not-there-yet')], 0)).toEqual({ kind: 'namespace' });
    expect(commandOf({ kind: 'self' }, 'postgres', ['-D', 'x'])).toEqual({
      file: 'postgres',
      args: ['-D', 'x'],
      ids: {},
    });
    expect(commandOf({ kind: 'namespace' }, 'postgres', []).file).toBe('unshare');
    expect(commandOf({ kind: 'user', uid: 1, gid: 2 }, 'postgres', []).ids).toEqual({ uid: 1, gid: 2 });
  });
});
