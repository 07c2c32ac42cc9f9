import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { binariesFolder, chooseRunAs } from './postgres-binaries.js';
import {
  initialise,
  isServerOf,
  lastWords,
  launch,
  type RunningServer,
  runningServer,
  type ServerFiles,
  serverFiles,
  urlOf,
} from './postgres-server.js';
import { claimMark, isAlive, otherMarkedProcess } from './process-mark.js';

export interface EmbeddedPostgresOptions {
  /** Made if it is not there; `postgres/` in it holds the database. */
  readonly directory: string;
}

const START_TIMEOUT_MS = 30_000;
const START_ATTEMPTS = 8;
const STOP_TIMEOUT_MS = 10_000;
const PAUSE_MS = 25;
const RETRY_MS = 250;
const PASSWORD_REFUSED = '28P01';

/**
 * A PostgreSQL of our own, for when none is configured: real, durable, on 127.0.0.1 only, with a generated password. It
 * is in a process group of its own, so that Ctrl-C in a terminal stops the service first.
 *
 * One process is in charge of it: the one that started it, or that found it running after that one was killed. Other
 * processes of the same folder are guests: they never stop it, and it ends for them when the one in charge stops it.
 */
export class EmbeddedPostgres {
  private constructor(
    readonly url: string,
    private readonly server: RunningServer,
    private readonly files: ServerFiles,
    private readonly isGuest: boolean,
  ) {}

  static async start({ directory }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    mkdirSync(directory, { recursive: true });
    const files = serverFiles(directory);
    if (!claimMark(files.mark)) return EmbeddedPostgres.join(files);
    try {
      return await EmbeddedPostgres.lead(files, path.resolve(directory));
    } catch (error) {
      rmSync(files.mark, { force: true });
      throw error;
    }
  }

  private static async lead(files: ServerFiles, directory: string): Promise<EmbeddedPostgres> {
    const binaries = binariesFolder();
    const runAs = chooseRunAs([directory, binaries]);
    initialise(binaries, files, runAs);
    for (let attempt = 1; attempt <= START_ATTEMPTS; attempt++) {
      const server = runningServer(files) ?? (await launch(binaries, files, runAs));
      const url = urlOf(files, server.port);
      if (await isReady(url, server)) return new EmbeddedPostgres(url, server, files, false);
      // Another program was quicker with the port, or what a killed server left behind is still ending.
      await pause(RETRY_MS);
    }
    throw new Error(`the embedded PostgreSQL does not start: ${lastWords(files)}`);
  }

  /** The process in charge may be about to start it. */
  private static async join(files: ServerFiles): Promise<EmbeddedPostgres> {
    const endMs = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < endMs) {
      const server = runningServer(files);
      const url = server && urlOf(files, server.port);
      if (server && url && (await isReady(url, server))) return new EmbeddedPostgres(url, server, files, true);
      await pause(PAUSE_MS);
    }
    const pid = otherMarkedProcess(files.mark) ?? 'that has ended meanwhile';
    throw new Error(`the embedded PostgreSQL is in the charge of process ${pid}, which does not start it`);
  }

  /** Waits until it has ended: first politely, then at once. A guest only leaves. */
  async stop(): Promise<void> {
    if (this.isGuest) return;
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
      if (!this.isRunning()) break;
      process.kill(this.server.pid, signal);
      const endMs = performance.now() + STOP_TIMEOUT_MS;
      while (this.isRunning() && performance.now() < endMs) await pause(PAUSE_MS);
    }
    if (otherMarkedProcess(this.files.mark) === undefined) rmSync(this.files.mark, { force: true });
  }

  private isRunning(): boolean {
    return isAlive(this.server.pid) && isServerOf(this.server.pid, this.files.data);
  }
}

/** Waits for it; false if it ends instead. */
async function isReady(url: string, { pid }: RunningServer): Promise<boolean> {
  const endMs = performance.now() + START_TIMEOUT_MS;
  let cause: unknown;
  while (performance.now() < endMs) {
    const client = new pg.Client({ connectionString: url });
    // A server that ends while it greets us says so here as well.
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return true;
    } catch (error) {
      cause = error;
      await client.end().catch(() => undefined);
    }
    if ((cause as { code?: unknown }).code === PASSWORD_REFUSED) break;
    if (!isAlive(pid)) return false;
    await pause(PAUSE_MS);
  }
  throw new Error('the embedded PostgreSQL does not let us in', { cause });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
