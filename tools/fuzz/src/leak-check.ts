import { setTimeout as pause } from 'node:timers/promises';

/** What the service holds, by its own metrics. */
export interface Holdings {
  readonly sessions: number;
  readonly publishStreams: number;
  readonly openFiles: number;
  readonly residentBytes: number;
}

/** Files that a database pool or a log opens when it has more to do. */
const MORE_FILES = 40;
const SETTLE_MS = 30_000;

export async function holdingsOf(httpUrl: string): Promise<Holdings> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  const figure = (name: string): number =>
    text
      .split('\n')
      .filter((line) => line.startsWith(name) && /^[ {]/.test(line.slice(name.length)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  return {
    sessions: figure('stream_sessions'),
    publishStreams: figure('grpc_publish_streams'),
    openFiles: figure('process_open_fds'),
    residentBytes: figure('process_resident_memory_bytes'),
  };
}

/** What was not given back within half a minute; `maxGrowthBytes`: of the resident memory. */
export async function leaksSince(before: Holdings, httpUrl: string, maxGrowthBytes: number): Promise<string[]> {
  const endMs = performance.now() + SETTLE_MS;
  for (;;) {
    const now = await holdingsOf(httpUrl);
    const leaks = [
      ...(now.sessions > before.sessions ? [`sessions: ${before.sessions} before, ${now.sessions} now`] : []),
      ...(now.publishStreams > before.publishStreams ? [`publishing streams: ${now.publishStreams} now`] : []),
      ...(now.openFiles > before.openFiles + MORE_FILES ? [`files: ${before.openFiles}, ${now.openFiles}`] : []),
      ...(now.residentBytes > before.residentBytes + maxGrowthBytes
        ? [`memory: ${megabytes(before.residentBytes)} MB before, ${megabytes(now.residentBytes)} MB now`]
        : []),
    ];
    if (leaks.length === 0 || performance.now() > endMs) return leaks;
    await pause(250);
  }
}

export const megabytes = (bytes: number): number => Math.round(bytes / 1024 / 1024);
