import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** What the tool that starts real servers gives (tools/stack). It is a program without a package: found by its place. */
export interface RealServer {
  readonly port: number;
  readonly url: string;
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
  return (await import(pathToFileURL(file).href)) as RealServers;
}
