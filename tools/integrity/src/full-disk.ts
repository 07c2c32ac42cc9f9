import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { INGEST_PATH } from '@distributary/bench';
import { playScript } from './play.js';
import type { Scenario } from './scenario.js';
import { pauseMs } from './waiting.js';

/**
 * The disk of the embedded log is full, by a file of somebody else, and free again when that is deleted.
 *
 *   small file system of its own (tmpfs): │ log ……… │ ballast: all that is left │
 *
 * While it is full nothing is acknowledged, the answer is `broker.unavailable`, and what is stored can be read.
 */
const DISK_BYTES = 512 * 2 ** 20;
const FULL_MS = { full: [1_000, 3_000], small: [500, 600] } as const;
const BLOCK = Buffer.alloc(2 ** 16);
const REFUSED_TRIES = 400;

export const fullDisk: Scenario = {
  name: 'full-disk',
  about: 'no room on the disk of the embedded log: nothing acknowledged is lost, and it goes on when there is room',
  brokers: ['embedded'],
  playsUntilEnough: true,

  run: async (options) => {
    const disk = mountSmallDisk();
    const ballast = path.join(disk.folder, 'ballast');
    const answers = new Set<string>();
    try {
      return await playScript(
        {
          stage: { gateways: 1, logFolder: disk.folder },
          letter: 'f',
          async fault({ stage: { gateways }, options: { random, tell, small } }, number) {
            const [low, high] = FULL_MS[small ? 'small' : 'full'];
            fill(ballast);
            const refusal = await refusalOf(gateways[0].origin, ballast);
            answers.add(refusal);
            tell(`fault ${number + 1}: the disk is full: ${refusal}`);
            await pauseMs(random.between(low, high));
            const isAlive = (await fetch(`${gateways[0].origin}/health/live`)).status === 200;
            if (!isAlive) answers.add('the service is not alive');
            fs.rmSync(ballast);
          },
          checks: () => [
            { what: 'kinds of answer while it was full', found: answers.size, atLeast: 1, atMost: 1 },
            {
              what: 'of them broker.unavailable',
              found: answers.has('503 broker.unavailable') ? 1 : 0,
              atLeast: 1,
            },
          ],
        },
        options,
      );
    } finally {
      disk.unmount();
    }
  },
};

/** All that is left; what the log frees meanwhile is taken by whoever comes first. */
function fill(file: string): void {
  const handle = fs.openSync(file, 'a');
  try {
    for (;;) fs.writeSync(handle, BLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    fs.closeSync(handle);
  }
}

/** Until an event is refused: the log may have room in its own file for some time. */
async function refusalOf(origin: string, ballast: string): Promise<string> {
  for (let tries = 0; tries < REFUSED_TRIES; tries++) {
    const event = {
      event_id: `full-disk.${tries}.${Date.now()}`,
      data_type: 'METRICS',
      data: { metric_name: 'ballast', current_value: tries, note: 'x'.repeat(50_000) },
      routing: { topic: 'monitoring/metrics', routing_key: 'ballast' },
      metadata: { source_service: 'integrity' },
    };
    const response = await fetch(origin + INGEST_PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([event]),
    });
    const body = (await response.json()) as { code?: string };
    if (response.status >= 400) return `${response.status} ${body.code ?? ''}`;
    fill(ballast);
  }
  return 'events were taken though the disk was full';
}

interface SmallDisk {
  readonly folder: string;
  unmount(): void;
}

/** Needs the right to mount: there is no other way to a disk that is full. */
function mountSmallDisk(): SmallDisk {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distributary-disk-'));
  const unmount = () => {
    process.removeListener('exit', unmount);
    spawnSync('umount', [folder]);
    fs.rmdirSync(folder);
  };
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder], {
    encoding: 'utf8',
  });
  if (status !== 0) {
    fs.rmdirSync(folder);
    throw new Error(`full-disk mounts a small file system, which this user may not: ${stderr.trim()}`);
  }
  process.on('exit', unmount);
  return { folder, unmount };
}
