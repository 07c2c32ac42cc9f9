import { pathToFileURL } from 'node:url';
import path from 'node:path';

/** What the tool that starts real servers gives (tools/stack). It is a program without a package: found by its place. */
export interface RealServer {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

interface RealServers {
  startRedis(port?: number): Promise<RealServer>;
}

export async function realServers(): Promise<RealServers> {
  const file = path.resolve(import.meta.dirname, '../../../stack/dist/index.js');
  return (await import(pathToFileURL(file).href)) as RealServers;
}
