import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { type ChildProcess, spawn } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';
import type { ServerBinary } from './server-binary.js';

/** How to run one kind of server. Everything it writes goes below `folder`. */
export interface StackServer {
  readonly kind: string;
  /** The installed program, or one below the cache folder. */
  program(): Promise<ServerBinary>;
  /** Of `stack:up`; tests take a free one. */
  readonly port: number;
  /** Absent: 20 s. */
  readonly healthyWithinMs?: number;
  /** What takes longer than writing a file: fetching its program, formatting its storage. */
  prepare?(place: ServerPlace): Promise<void>;
  /** Writes its configuration, and says with which arguments it starts. */
  arguments(place: ServerPlace): readonly string[] | Promise<readonly string[]>;
  /** For a program that, unpacked, does not find its own files. Gives the program to run. */
  adapt?(binary: ServerBinary, place: ServerPlace): string;
  /** Rejects or says false until it serves. */
  isHealthy(port: number): Promise<boolean>;
  /** What it is told, or waited for, once it serves; it may be told again. */
  settle?(): Promise<void>;
  url(port: number): string;
  /** What tells the service of it; absent: it is not the service's business. */
  variables?(port: number): Readonly<Record<string, string>>;
}

export interface ServerPlace {
  readonly folder: string;
  readonly port: number;
}

export interface RunningServer {
  readonly kind: string;
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** Ends it and waits for its end; nothing else is touched. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** If this process is interrupted, or fails, nothing that it started may live on; of those that shall, what has not come up yet. */
const living = new Set<ChildProcess>();

function endWithThisProcess(child: ChildProcess): void {
  // First of all: others then remove what these write to.
  if (process.listenerCount('exit', endLiving) === 0) process.prependListener('exit', endLiving);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // There is no event 'exit' where a signal ends a process by itself. Whoever listens already knows what it means here.
    if (process.listenerCount(name) === 0) process.once(name, () => process.exit(1));
  }
  living.add(child);
  child.once('exit', () => living.delete(child));
}

function endLiving(): void {
  for (const child of living) child.kill('SIGKILL');
}

const HEALTHY_WITHIN_MS = 20_000;
const STOPPED_WITHIN_MS = 5_000;
const POLL_MS = 25;
const MAX_LAST_WORDS = 2_000;

/**
 * A real server as a plain child process on 127.0.0.1, with data of its own; resolves when it serves. Rejects, with nothing
 * left running, if it does not within its time.
 */
export async function startServer(
  server: StackServer,
  place: ServerPlace,
  { isDetached = false }: { readonly isDetached?: boolean } = {},
): Promise<RunningServer> {
  const binary = await server.program();
  mkdirSync(place.folder, { recursive: true });
  const outputFile = path.join(place.folder, 'output.txt');
  await server.prepare?.(place);
  const args = await server.arguments(place);
  const output = openSync(outputFile, 'a');
  const program = server.adapt?.(binary, place) ?? binary.path;
  const child = spawn(program, args, {
    cwd: place.folder,
    env: { ...process.env, ...binary.env },
    stdio: ['ignore', output, output],
    detached: isDetached,
    ...binary.ids,
  });
  closeSync(output);
  endWithThisProcess(child);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => stopChild(child, ended, signal);
  const endMs = performance.now() + (server.healthyWithinMs ?? HEALTHY_WITHIN_MS);
  for (;;) {
    const isHealthy = await server.isHealthy(place.port).catch(() => false);
    // At its port somebody else may serve, for whom it has ended.
    const isThere = child.pid !== undefined && !hasEnded(child);
    if (isHealthy && isThere) break;
    if (!isThere || performance.now() > endMs) {
      await stop();
      const lastWords = readFileSync(outputFile, 'utf8').slice(-MAX_LAST_WORDS);
      throw new Error(`${server.kind} does not serve on port ${place.port}: ${lastWords}`);
    }
    await pause(POLL_MS);
  }
  try {
    await server.settle?.();
  } catch (error) {
    await stop();
    throw error;
  }
  if (isDetached) {
    living.delete(child);
    child.unref();
  }
  return { kind: server.kind, port: place.port, url: server.url(place.port), pid: child.pid as number, stop };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

async function stopChild(child: ChildProcess, ended: Promise<void>, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  child.kill(signal);
  const isDone = await Promise.race([ended.then(() => true), pause(STOPPED_WITHIN_MS).then(() => false)]);
  if (isDone) return;
  child.kill('SIGKILL');
  await ended;
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
    // A pause alone keeps no process alive; whoever waits has a child that does.
  });

/** The first of so many that are free at this moment, below the range of which the system takes ports for clients. */
export async function freePort(count = 1): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(port + index)));
    if (!free.includes(false)) return port;
    if (attempt > 50) throw new Error('no free port was found');
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
