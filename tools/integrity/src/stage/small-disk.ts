import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { INGEST_PATH } from '@distributary/bench';

/** Where the embedded log lies while there is too little room. */
export interface SmallDisk {
  readonly about: string;
  readonly logFolder?: string;
  readonly env: Readonly<Record<string, string>>;
  /** Resolves with what the service answers when there is no room any more. */
  fill(origin: string): Promise<string>;
  free(origin: string): Promise<void>;
  close(): void;
}

const DISK_BYTES = 512 * 2 ** 20;
const BLOCK = Buffer.alloc(2 ** 16);
/** From many large events at once to one that is smaller than any other. */
const FILLINGS = [
  { events: 60, bytes: 50_000 },
  { events: 1, bytes: 50_000 },
  { events: 1, bytes: 10 },
] as const;
const MAX_TRIES = 2_000;
const METRICS = 'monitoring/metrics';
const BALLAST = 'integrity/ballast';
const TOPICS_PATH = '/api/v1/monitoring/topics';

/** A file system of its own, if this user may mount one; otherwise the log is told that the disk is no larger. */
export function smallDisk(): SmallDisk {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distributary-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder]);
  if (status === 0) return mountedDisk(folder);
  fs.rmdirSync(folder);
  return quotaDisk();
}

/** Filled by a file of somebody else. */
function mountedDisk(folder: string): SmallDisk {
  const ballast = path.join(folder, 'ballast');
  const close = () => {
    process.removeListener('exit', close);
    // Also while a service that was just killed still has files in it: it is gone when that has ended.
    spawnSync('umount', ['--lazy', folder]);
    try {
      fs.rmdirSync(folder);
    } catch {
      // An error here would keep all others from cleaning up when this process ends.
    }
  };
  process.on('exit', close);
  return {
    about: `a file system of ${DISK_BYTES} bytes`,
    logFolder: folder,
    env: {},
    // The log may have room in its own file for some time, and what it frees is taken at once.
    fill: (origin) => publishUntilRefused(origin, METRICS, () => takeTheRest(ballast)),
    free: () => Promise.resolve(fs.rmSync(ballast)),
    close,
  };
}

/** Filled by events of another topic. */
function quotaDisk(): SmallDisk {
  return {
    about: `EMBEDDED_MAX_SIZE=${DISK_BYTES}, since this user may mount nothing`,
    env: { EMBEDDED_MAX_SIZE: String(DISK_BYTES) },
    fill: async (origin) => {
      await ask(origin, TOPICS_PATH, 'POST', { name: BALLAST, data_type: 'METRICS' });
      return publishUntilRefused(origin, BALLAST, () => undefined);
    },
    free: async (origin) => {
      await ask(origin, `${TOPICS_PATH}/${encodeURIComponent(BALLAST)}`, 'DELETE');
    },
    close: () => undefined,
  };
}

function takeTheRest(file: string): void {
  const handle = fs.openSync(file, 'a');
  try {
    for (;;) fs.writeSync(handle, BLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    fs.closeSync(handle);
  }
}

async function publishUntilRefused(origin: string, topic: string, before: () => void): Promise<string> {
  let refusal = '';
  let sent = 0;
  for (const { events, bytes } of FILLINGS) {
    for (let tries = 0; ; tries++) {
      if (tries > MAX_TRIES) return 'events were taken though there was no room';
      before();
      const batch = Array.from({ length: events }, () => ({
        event_id: `ballast.${process.pid}.${Date.now()}.${sent++}`,
        data_type: 'METRICS',
        data: { metric_name: 'ballast', current_value: sent, note: 'x'.repeat(bytes) },
        routing: { topic, routing_key: 'ballast' },
        metadata: { source_service: 'integrity' },
      }));
      const { status, body } = await ask(origin, INGEST_PATH, 'POST', batch);
      refusal = `${status} ${body.code ?? ''}`;
      if (status >= 400) break;
    }
  }
  return refusal;
}

async function ask(origin: string, where: string, method: string, body?: object) {
  const response = await fetch(origin + where, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as { readonly code?: string } };
}
