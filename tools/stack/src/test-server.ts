import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type RunningServer, type StackServer, startServer } from './stack-server.js';

/** A server of one test, which may be killed and come back on the same port with the same data. */
export interface TestServer extends RunningServer {
  /** Gone at once (kill -9), or as it likes (SIGTERM); its data stay. */
  kill(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** After a kill; resolves when it serves again. */
  restart(): Promise<void>;
  /** It neither answers nor closes anything (SIGSTOP), until it goes on. */
  freeze(): void;
  goOn(): void;
  /** Ends it; its data are gone. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** What is in it is gone with `remove`, or with this process. */
export function testFolder(kind: string): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), `distributary-${kind}-`));
  const remove = () => {
    process.removeListener('exit', remove);
    // A server that was just killed may still be writing.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.on('exit', remove);
  return { folder, remove };
}

/** On a port that is its own, in a folder that outlives it. */
export async function startTestServer(server: StackServer, port: number, folder: string): Promise<TestServer> {
  let running = await startServer(server, { folder, port });
  return {
    kind: server.kind,
    port,
    url: running.url,
    get pid() {
      return running.pid;
    },
    kill: (signal = 'SIGKILL') => running.stop(signal),
    restart: async () => {
      running = await startServer(server, { folder, port });
    },
    freeze: () => void process.kill(running.pid, 'SIGSTOP'),
    goOn: () => void process.kill(running.pid, 'SIGCONT'),
    stop: (signal = 'SIGTERM') => running.stop(signal),
  };
}

/** All at once: brokers of a cluster wait for each other. If one does not start, none stays. */
export async function startTogether<T extends TestServer>(starts: readonly Promise<T>[]): Promise<readonly T[]> {
  const settled = await Promise.allSettled(starts);
  const failed = settled.find((one) => one.status === 'rejected');
  const running = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (failed === undefined) return running;
  await Promise.all(running.map((server) => server.stop('SIGKILL')));
  throw failed.reason;
}
