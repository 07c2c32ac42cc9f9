import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { chooseRunAs, commandOf } from './postgres-binaries.js';
import { markOf } from './process-mark.js';
import { copyInitialisedDatabase } from './testing/database-template.js';

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

  /** As after a first start, for tests of what comes later. */
  const start = async () => {
    await copyInitialisedDatabase(parent);
    return EmbeddedPostgres.start({ directory: parent });
  };

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
    writeFileSync(path.join(parent, 'postgres-process'), markOf(spawnSync(process.execPath, ['-e', '']).pid));
    const found = await EmbeddedPostgres.start({ directory: parent });
    expect(found.url).toBe(left.url);
    await found.stop();
    await expect(query(left.url, 'SELECT 1')).rejects.toThrow();
  }, 60_000);

  it('is used by other processes of its folder, and stopped by the one in charge alone', async () => {
    const inCharge = await start();
    const mark = path.join(parent, 'postgres-process');
    const own = readFileSync(mark, 'utf8');
    // Seen from a guest, the one in charge is another process that runs: here the one that runs the tests.
    writeFileSync(mark, markOf(process.ppid));
    const guest = await EmbeddedPostgres.start({ directory: parent });
    expect(guest.url).toBe(inCharge.url);
    await guest.stop();
    expect(await query(inCharge.url, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    writeFileSync(mark, own);
    await inCharge.stop();
    await expect(query(inCharge.url, 'SELECT 1')).rejects.toThrow();
    expect(existsSync(mark)).toBe(false);
  }, 60_000);

  it('keeps what was committed before it was killed, and recovers by itself', async () => {
    const killed = await start();
    await query(killed.url, 'CREATE TABLE kept AS SELECT 7 AS n');
    const pidFile = path.join(parent, 'postgres', 'postmaster.pid');
    process.kill(Number.parseInt(readFileSync(pidFile, 'utf8'), 10), 'SIGKILL');
    const again = await EmbeddedPostgres.start({ directory: parent });
    expect(await query(again.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
    await again.stop();
    // The pid of a server that is no more may be any program's by now.
    writeFileSync(pidFile, `${process.pid}\n${path.join(parent, 'postgres')}\n1\n15432\n\n127.0.0.1\n\nready\n`);
    const third = await EmbeddedPostgres.start({ directory: parent });
    expect(await query(third.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
    await third.stop();
  }, 60_000);

  it('is durable, and keeps failed statements out of its log', async () => {
    const server = await start();
    expect(
      await query(
        server.url,
        "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS sync",
      ),
    ).toEqual([{ fsync: 'on', sync: 'on' }]);
    await expect(query(server.url, "SELECT 'private' FROM nowhere")).rejects.toThrow('nowhere');
    await server.stop();
    expect(readFileSync(path.join(parent, 'postgres.log'), 'utf8')).not.toMatch(/nowhere|private/);
  }, 60_000);

  it('says what is missing when its password is', async () => {
    const server = await start();
    rmSync(path.join(parent, 'postgres-password'));
    await expect(EmbeddedPostgres.start({ directory: parent })).rejects.toThrow('postgres-password is missing');
    await server.stop();
  }, 60_000);

  it('says what PostgreSQL said when it does not start', async () => {
    await (await start()).stop();
    appendFileSync(path.join(parent, 'postgres', 'postgresql.conf'), '\nno_such_setting = 1\n');
    await expect(EmbeddedPostgres.start({ directory: parent })).rejects.toThrow('no_such_setting');
  }, 60_000);

  it('lets nobody in without the password', async () => {
    const server = await start();
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
