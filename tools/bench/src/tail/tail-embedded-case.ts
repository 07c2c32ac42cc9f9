import fs from 'node:fs';
import path from 'node:path';
import { EmbeddedLog } from '@distributary/broker-embedded';
import { SystemClock, SystemIds } from '@distributary/distribution-nest';
import { ChildProgram } from '../child-program.js';
import { programPath } from '../program-path.js';
import type { CaseOptions, PerformanceCase } from '../performance/performance-case.js';
import { newFolder } from '../server-process.js';
import { appendEvents } from './tail-events.js';
import type { TailCommand, TailResult } from './tail-messages.js';

const EVENTS = 1_000_000;
const QUICK_EVENTS = 20_000;
const DEADLINE_MS = 60_000;

/**
 *   ┌─ a folder ──────────────┐     ┌─ CPU 0 ───────────────────────────────────────────┐
 *   │ log of 4 lanes, 200 B   │────▶│ log.tail() → dedupe window → segments → one match │
 *   └─────────────────────────┘     └───────────────────────────────────────────────────┘
 */
export const tailEmbeddedCase: PerformanceCase = {
  name: 'tail-embedded',
  title: 'the embedded log read into the segments, events of 200 B',
  async run(options) {
    const folder = newFolder('tail');
    try {
      const directory = path.join(folder, 'log');
      const log = await EmbeddedLog.open({
        directory,
        clock: new SystemClock(),
        ids: new SystemIds(),
        sync: 'commit',
      });
      const events = await appendEvents(log, options.quick ? QUICK_EVENTS : EVENTS).finally(() => log.close());
      return await readAll(directory, events, options);
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function readAll(directory: string, events: number, { pairs, quick, pin, profileFolder, note }: CaseOptions) {
  const reader = ChildProgram.start<TailCommand, TailResult>(programPath('tail/tail-reader'), pin ? 0 : undefined);
  const read = (folder?: string) =>
    reader.ask(
      { type: 'read', source: { by: 'embedded', directory }, events, profileFolder: folder },
      'result',
      DEADLINE_MS,
    );
  try {
    const results: TailResult[] = [];
    for (let round = 0; round < (quick ? 1 : pairs); round++) results.push(await read());
    // Whoever profiles takes time himself.
    if (profileFolder !== undefined) await read(path.resolve(profileFolder));
    note(`${events} events, ${results.length} times`);
    return {
      figures: [
        {
          name: 'events into the segments',
          unit: 'events/s' as const,
          values: results.map((result) => result.events / result.seconds),
          goal: { atLeast: 1_000_000 },
        },
        {
          name: 'events a CPU second',
          unit: 'events/CPU-s' as const,
          values: results.map((result) => result.events / result.cpuSeconds),
        },
      ],
      findings: results.flatMap(({ finding }) => finding ?? []),
    };
  } finally {
    await reader.stop();
  }
}
