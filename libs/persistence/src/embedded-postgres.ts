import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import pg from 'pg';
import { binariesFolder, chooseRunAs, commandOf, type RunAs } from './postgres-binaries.js';

export interface EmbeddedPostgresOptions {
  /** Made if it is not there; `postgres/` in it holds the database. */
  readonly directory: string;
}

const USER = 'distributary';
/** Below the range from which the kernel takes ports for outgoing connections. */
const FIRST_PORT = 15_432;
const PORTS = 2_000;
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const PAUSE_MS = 25;

/**
 * A PostgreSQL of our own, for when none is configured: real, durable, on 127.0.0.1 only, with a generated password. It
 * is in a process group of its own, so that Ctrl-C in a terminal stops the service first. If the service is killed, the
 * server goes on; the next start finds it by its data and takes it over.
 */
export class EmbeddedPostgres {
  private constructor(
    readonly url: string,
    private readonly pid: number,
    /** Undefined for one that was taken over. */
    private readonly child: ChildProcess | undefined,
  ) {}

  static async start({ directory }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    mkdirSync(directory, { recursive: true });
    const data = path.resolve(directory, 'postgres');
    const passwordFile = path.resolve(directory, 'postgres-password');
    const binaries = binariesFolder();
    const runAs = chooseRunAs([path.resolve(directory), binaries]);
    if (!existsSync(path.join(data, 'PG_VERSION'))) initialise(binaries, data, passwordFile, runAs);
    const password = readFileSync(passwordFile, 'utf8');
    const running = runningServer(data);
    if (running !== undefined) {
      const server = new EmbeddedPostgres(urlOf(password, running.port), running.pid, undefined);
      await server.untilReady();
      return server;
    }
    const port = await freePort();
    const child = launch(binaries, data, port, path.resolve(directory, 'postgres.log'), runAs);
    const server = new EmbeddedPostgres(urlOf(password, port), child.pid as number, child);
    await server.untilReady();
    return server;
  }

  /** Waits until it has ended: first politely, then at once. */
  async stop(): Promise<void> {
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
      if (!isAlive(this.pid)) return;
      process.kill(this.pid, signal);
      const endMs = performance.now() + STOP_TIMEOUT_MS;
      while (isAlive(this.pid) && performance.now() < endMs) await pause();
    }
  }

  private async untilReady(): Promise<void> {
    const endMs = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      const client = new pg.Client({ connectionString: this.url });
      try {
        await client.connect();
        await client.end();
        return;
      } catch (cause) {
        await client.end().catch(() => undefined);
        const hasEnded = this.child !== undefined && this.child.exitCode !== null;
        if (hasEnded || performance.now() > endMs) {
          throw new Error('the embedded PostgreSQL does not start; postgres.log beside its data says why', { cause });
        }
      }
      await pause();
    }
  }
}

/** Made under another name first: one that was interrupted is no database. */
function initialise(binaries: string, finished: string, passwordFile: string, runAs: RunAs): void {
  const data = `${finished}.new`;
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { recursive: true, mode: 0o700 });
  writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  const handedOver = path.join(path.dirname(passwordFile), '.initdb-password');
  writeFileSync(handedOver, readFileSync(passwordFile), { mode: 0o600 });
  if (runAs.kind === 'user') {
    chownSync(data, runAs.uid, runAs.gid);
    chownSync(handedOver, runAs.uid, runAs.gid);
  }
  chmodSync(data, 0o700);
  const settings = ['-U', USER, '-A', 'scram-sha-256', `--pwfile=${handedOver}`, '-E', 'UTF8', '--locale=C'];
  const { file, args, ids } = commandOf(runAs, path.join(binaries, 'initdb'), [
    '-D',
    data,
    '--no-instructions',
    ...settings,
  ]);
  const result = spawnSync(file, args, { ...ids, encoding: 'utf8', cwd: data });
  rmSync(handedOver, { force: true });
  if (result.status !== 0) {
    throw new Error(`initdb failed: ${result.error?.message ?? result.stderr}`);
  }
  renameSync(data, finished);
}

function launch(binaries: string, data: string, port: number, logFile: string, runAs: RunAs): ChildProcess {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port: String(port),
    shared_buffers: '32MB',
    max_connections: '60',
  };
  const { file, args, ids } = commandOf(runAs, path.join(binaries, 'postgres'), [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(file, args, { ...ids, detached: true, stdio: ['ignore', log, log], cwd: data });
  child.on('error', () => undefined);
  child.unref();
  return child;
}

/** The server that an earlier process left running on this data, by what PostgreSQL writes into postmaster.pid. */
function runningServer(data: string): { pid: number; port: number } | undefined {
  const file = path.join(data, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const [pid, , , port] = readFileSync(file, 'utf8').split('\n').map(Number);
  return Number.isInteger(pid) && port > 0 && isAlive(pid) && isServerOf(pid, data) ? { pid, port } : undefined;
}

/** A pid may be another program's by now. Without /proc it is taken at its word. */
function isServerOf(pid: number, data: string): boolean {
  const file = `/proc/${pid}/cmdline`;
  return !existsSync('/proc/self/cmdline') || (existsSync(file) && readFileSync(file, 'utf8').includes(data));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A child that has ended and was not yet reaped is not alive.
  const status = `/proc/${pid}/stat`;
  return !existsSync(status) || !/\) Z /.test(readFileSync(status, 'utf8'));
}

function urlOf(password: string, port: number): string {
  return `postgres://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
}

async function freePort(): Promise<number> {
  const offset = randomBytes(2).readUInt16LE() % PORTS;
  for (let index = 0; index < PORTS; index++) {
    const port = FIRST_PORT + ((offset + index) % PORTS);
    if (await canListen(port)) return port;
  }
  throw new Error(`no free port from ${FIRST_PORT} to ${FIRST_PORT + PORTS - 1}`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PAUSE_MS);
  });
}
