import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { IdSource } from '@distributary/distribution-core';
import { FakeClock, type LogHarness } from '@distributary/distribution-core/testing';
import { EmbeddedLog, type EmbeddedLogOptions } from '../embedded-log.js';

export const ids: IdSource = { uuid: randomUUID, random: Math.random };

export interface EmbeddedHarness extends LogHarness {
  readonly log: EmbeddedLog;
  readonly directory: string;
  readonly clock: FakeClock;
  another(options?: Partial<EmbeddedLogOptions>): Promise<EmbeddedLog>;
}

/** A log in a folder of its own, with a clock that stands still until it is told to go. */
export async function aLogHarness(options: Partial<EmbeddedLogOptions> = {}): Promise<EmbeddedHarness> {
  const directory = options.directory ?? mkdtempSync(path.join(tmpdir(), 'embedded-log-'));
  const clock = new FakeClock();
  const open = (more: Partial<EmbeddedLogOptions> = {}) =>
    EmbeddedLog.open({ clock, ids, ...options, ...more, directory });
  const log = await open();
  const logs = [log];
  return {
    log,
    directory,
    clock,
    another: async (more) => {
      const another = await open(more);
      logs.push(another);
      return another;
    },
    letTimePass: async (ms) => {
      clock.advance(ms);
      await log.enforceRetention();
    },
    dispose: async () => {
      for (const each of logs) await each.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
