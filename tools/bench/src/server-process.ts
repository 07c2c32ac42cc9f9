import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { nodeCommand } from './child-program.js';
import { freePort } from './free-port.js';
import { anonymousBytesOf, treeOf, type TreeUsage, usageOf } from './process-tree.js';
import { RUNTIME_QUERY, type RuntimeReading, runtimeReading } from './runtime-figures.js';

export interface ServerOptions {
  readonly script: string;
  readonly args?: readonly string[];
  /** Of Node itself. */
  readonly execArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cpu: number | undefined;
  readonly port: number;
  /** It speaks TLS; whatever certificate it has is taken. */
  readonly isTls?: boolean;
  /** Several processes answer at its port, and nobody knows which. */
  readonly sharesItsPort?: boolean;
  /** Answers 200 when it is ready. */
  readonly readyPath: string;
  readonly readyDeadlineMs: number;
  /** What it and its children work in: found by it, whoever is their parent. Removed at the end. */
  readonly folder: string;
}

const POLL_MS = 20;
const STOP_DEADLINE_MS = 20_000;
const ANSWER_DEADLINE_MS = 30_000;
const LOG_TAIL_BYTES = 4_000;

/** If this tool is interrupted, or fails, nothing that it started may live on. */
const living = new Set<ServerProcess>();

function endWithThisProcess(server: ServerProcess): void {
  if (living.size === 0 && process.listenerCount('exit', endAll) === 0) {
    // First of all: others then remove what these write to.
    process.prependListener('exit', endAll);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(1));
  }
  living.add(server);
}

function endAll(): void {
  for (const server of living) server.endNow();
}

/** A server under load: started, watched, killed and ended by its process id. */
export class ServerProcess {
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();
  /** From its start until it said that it is ready. */
  readyAfterMs = 0;

  private constructor(private readonly options: ServerOptions) {}

  static async start(options: ServerOptions): Promise<ServerProcess> {
    const server = new ServerProcess(options);
    endWithThisProcess(server);
    try {
      await server.begin();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get port(): number {
    return this.options.port;
  }

  get pid(): number {
    return this.child?.pid as number;
  }

  /** What it and its children work in. */
  get folder(): string {
    return this.options.folder;
  }

  get origin(): string {
    return `${this.options.isTls ? 'https' : 'http'}://127.0.0.1:${this.options.port}`;
  }

  /** Starts it (again) on the same port and folder, and waits until it is ready; another version of it, if its script is named. */
  async begin(script: string = this.options.script): Promise<void> {
    const { args = [], execArgs = [], env, cpu, folder } = this.options;
    const [command, ...rest] = nodeCommand([...execArgs, script, ...args], cpu);
    const log = fs.openSync(this.logFile, 'a');
    const startedAt = performance.now();
    const child = spawn(command, rest, { stdio: ['ignore', log, log], env: { ...process.env, ...env }, cwd: folder });
    fs.closeSync(log);
    this.child = child;
    this.exited = new Promise((resolve) => child.once('exit', () => resolve()));
    await this.untilReady(startedAt);
    this.readyAfterMs = performance.now() - startedAt;
  }

  /** `kill -9`, of this process only: what it started must cope. */
  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.exited;
  }

  /** All processes: the server, what it started, and what outlived an earlier one of it. */
  usage(): TreeUsage {
    return usageOf(this.tree());
  }

  /** Of the server alone: all that is resident, and what of it is its own and not a mapped file. */
  memory(): { readonly residentBytes: number; readonly anonymousBytes: number } {
    return { residentBytes: usageOf([this.pid]).residentBytes, anonymousBytes: anonymousBytesOf(this.pid) ?? 0 };
  }

  /** What its metrics tell of its loop and its collector until now; undefined if it has none, or is more than one process. */
  async runtime(): Promise<RuntimeReading | undefined> {
    if (this.options.sharesItsPort) return undefined;
    return runtimeReading((await answerOf(`${this.origin}/metrics?${RUNTIME_QUERY}`))?.body ?? '');
  }

  /** The value of a metric, its labels added up; undefined if there is none. */
  async metric(name: string): Promise<number | undefined> {
    const text = (await answerOf(`${this.origin}/metrics?names=${name}`))?.body ?? '';
    const lines = text.split('\n').filter((line) => line.startsWith(name) && /^[ {]/.test(line.slice(name.length)));
    return lines.length === 0
      ? undefined
      : lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  logTail(): string {
    const text = fs.existsSync(this.logFile) ? fs.readFileSync(this.logFile, 'utf8') : '';
    return text.slice(-LOG_TAIL_BYTES);
  }

  /** Ends everything that belongs to it, gently first, and removes its folder. */
  async stop(): Promise<void> {
    this.child?.kill('SIGTERM');
    const timer = setTimeout(() => this.child?.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.exited;
    clearTimeout(timer);
    for (const pid of this.tree()) signal(pid, 'SIGTERM');
    for (let tries = 0; tries < 100 && this.tree().length > 0; tries++) await pause(POLL_MS);
    this.endNow();
    living.delete(this);
  }

  /** Without asking, and without waiting. */
  endNow(): void {
    const { folder } = this.options;
    for (const pid of this.tree()) signal(pid, 'SIGKILL');
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** A process that has ended has no id any more: somebody else may bear it. */
  private tree(): number[] {
    return treeOf(this.hasExited ? undefined : this.pid, this.options.folder);
  }

  private get hasExited(): boolean {
    return this.child === undefined || this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private get logFile(): string {
    return path.join(this.options.folder, 'server.log');
  }

  private async untilReady(startedAt: number): Promise<void> {
    const { readyPath, readyDeadlineMs } = this.options;
    for (;;) {
      const leftMs = startedAt + readyDeadlineMs - performance.now();
      const isReady = leftMs > 0 && (await answerOf(`${this.origin}${readyPath}`, leftMs))?.status === 200;
      // At its port somebody else may answer, for whom it has ended.
      if (isReady && !this.hasExited) return;
      if (this.hasExited || leftMs <= 0) {
        throw new Error(`${this.options.script} ${this.hasExited ? 'ended' : 'is not ready'}:\n${this.logTail()}`);
      }
      await pause(POLL_MS);
    }
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}

/** Undefined: there was no answer, or not in time. Not `fetch`, which takes no certificate that is signed by itself. */
function answerOf(
  url: string,
  timeoutMs = ANSWER_DEADLINE_MS,
): Promise<{ readonly status: number; readonly body: string } | undefined> {
  return new Promise((resolve) => {
    const { get } = url.startsWith('https:') ? https : http;
    get(url, { rejectUnauthorized: false, signal: AbortSignal.timeout(Math.ceil(timeoutMs)) }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', () => resolve(undefined));
    }).on('error', () => resolve(undefined));
  });
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export const newFolder = (name: string): string => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `distributary-${name}-`));
  // A database that does not run as root must be able to reach its own folder below.
  fs.chmodSync(folder, 0o755);
  return fs.realpathSync(folder);
};

export async function startTwin(cpu: number | undefined): Promise<ServerProcess> {
  const port = await freePort();
  return ServerProcess.start({
    script: path.join(import.meta.dirname, 'naive-twin.js'),
    args: [String(port)],
    cpu,
    port,
    readyPath: '/',
    readyDeadlineMs: 10_000,
    folder: newFolder('twin'),
  });
}
