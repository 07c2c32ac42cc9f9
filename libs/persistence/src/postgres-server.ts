import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { commandOf, type RunAs } from './postgres-binaries.js';
import { isAlive } from './process-mark.js';

/** Where a server of ours keeps what it has. */
export interface ServerFiles {
  readonly data: string;
  readonly password: string;
  readonly log: string;
  /** Names the process in charge. */
  readonly mark: string;
}

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
}

const USER = 'distributary';
/** Below the range from which the kernel takes ports for outgoing connections. */
const FIRST_PORT = 15_432;
const PORTS = 2_000;
const MAX_LOG_BYTES = 1024 * 1024;

export function serverFiles(directory: string): ServerFiles {
  const inside = (name: string) => path.resolve(directory, name);
  return {
    data: inside('postgres'),
    password: inside('postgres-password'),
    log: inside('postgres.log'),
    mark: inside('postgres-process'),
  };
}

/** Makes the database if there is none; under another name first, for one that was interrupted is no database. */
export function initialise(binaries: string, files: ServerFiles, runAs: RunAs): void {
  const { data: finished, password: passwordFile } = files;
  if (existsSync(path.join(finished, 'PG_VERSION'))) return;
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

export function urlOf(files: ServerFiles, port: number): string {
  if (!existsSync(files.password)) {
    throw new Error(`${path.basename(files.password)} is missing beside the data of the embedded PostgreSQL`);
  }
  const password = readFileSync(files.password, 'utf8');
  return `postgres://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
}

/** Starts it; it is not ready yet, and may end at once. */
export async function launch(binaries: string, { data, log }: ServerFiles, runAs: RunAs): Promise<RunningServer> {
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port: String(port),
    shared_buffers: '32MB',
    max_connections: '60',
    fsync: 'on',
    // Statements that fail are the stores' to report; here they would fill the disk, with data in them.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
  };
  const { file, args, ids } = commandOf(runAs, path.join(binaries, 'postgres'), [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  if (existsSync(log) && statSync(log).size > MAX_LOG_BYTES) renameSync(log, `${log}.1`);
  const output = openSync(log, 'a', 0o600);
  const child = spawn(file, args, { ...ids, detached: true, stdio: ['ignore', output, output], cwd: data });
  closeSync(output);
  const started = new Promise<number>((resolve, reject) => {
    child.once('spawn', () => resolve(child.pid as number));
    child.once('error', (cause) => reject(new Error(`${file} does not run`, { cause })));
  });
  child.unref();
  return { pid: await started, port };
}

/** What it said last, for whoever wonders why it does not run. */
export function lastWords({ log }: ServerFiles): string {
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' | ') : 'it said nothing';
}

/** The server that runs on this data already, by what PostgreSQL writes into postmaster.pid. */
export function runningServer({ data }: ServerFiles): RunningServer | undefined {
  const file = path.join(data, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const [pid, , , port] = readFileSync(file, 'utf8').split('\n').map(Number);
  if (!(pid > 0) || !isAlive(pid)) return undefined;
  if (isServerOf(pid, data)) return port > 0 ? { pid, port } : undefined;
  // The pid of a killed server is another program's by now; PostgreSQL would take that for a running server.
  rmSync(file, { force: true });
  return undefined;
}

/** Whether that process is a server of this data. Without /proc it is taken at its word. */
export function isServerOf(pid: number, data: string): boolean {
  const file = `/proc/${pid}/cmdline`;
  if (!existsSync('/proc/self/cmdline')) return true;
  return existsSync(file) && readFileSync(file, 'utf8').split('\0').includes(data);
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
