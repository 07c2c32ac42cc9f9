import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** What the tool that starts real servers gives (tools/stack). It is a program without a package: found by its place. */
export interface RealServer {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** `kill -9`; its data stay. */
  kill(): Promise<void>;
  /** After a kill; resolves when it serves again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface RealServers {
  startRedis(): Promise<RealServer>;
  startKafka(): Promise<RealServer>;
  startPulsar(): Promise<RealServer>;
  startKafka3(): Promise<{ readonly url: string; readonly brokers: readonly RealServer[]; stop(): Promise<void> }>;
}

export async function realServers(): Promise<RealServers> {
  const file = path.resolve(import.meta.dirname, '../../../stack/dist/index.js');
  const { startRedis, startKafka, startKafka3, startPulsar } = (await import(pathToFileURL(file).href)) as RealServers;
  return {
    startRedis: async () => endsWithThisProcess(await startRedis()),
    startKafka: async () => endsWithThisProcess(await startKafka()),
    startPulsar: async () => endsWithThisProcess(await startPulsar()),
    startKafka3: async () => {
      const cluster = await startKafka3();
      cluster.brokers.forEach(endsWithThisProcess);
      return cluster;
    },
  };
}

/** If this tool is interrupted, or fails, nothing that it started may live on. */
function endsWithThisProcess(server: RealServer): RealServer {
  process.once('exit', () => {
    const { pid } = server;
    // One that has been stopped has no id any more: somebody else may bear it.
    if (parentOf(pid) === process.pid) process.kill(pid, 'SIGKILL');
  });
  return server;
}

function parentOf(pid: number): number | undefined {
  const file = `/proc/${pid}/stat`;
  if (!fs.existsSync(file)) return undefined;
  const text = fs.readFileSync(file, 'utf8');
  // The name stands in brackets and may hold anything.
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
}
