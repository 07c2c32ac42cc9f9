import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { playScript } from './play.js';
import type { Scenario } from './scenario.js';
import { temporaryFolder } from './stage/temporary-folder.js';
import { untilTrue } from './waiting.js';

/**
 * The wall clock of the service jumps, by minutes, ahead and back: more than the dedupe window, less than any retention.
 * Its readers notice nothing, and no order is lost.
 */
const STEPS_MS = [600_000, -900_000, 180_000, -30_000, 3_600_000, 0];
const OFFSET_PROGRAM = pathToFileURL(path.join(import.meta.dirname, 'clock-offset.js')).href;
const SEEN_WITHIN_MS = 5_000;
const TOLERANCE_MS = 3_000;

export const clockStep: Scenario = {
  name: 'clock-step',
  about: "the service's wall clock jumps by minutes, ahead and back",
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: true,

  run: (options) => {
    const place = temporaryFolder('clock');
    const file = path.join(place.folder, 'offset');
    let steps = 0;
    return playScript(
      {
        stage: { gateways: 1, env: { NODE_OPTIONS: `--import=${OFFSET_PROGRAM}`, CLOCK_OFFSET_FILE: file } },
        letter: 'c',
        size: { full: { faults: STEPS_MS.length }, small: { faults: 2, pauseMs: [200, 500] } },
        prepare: () => Promise.resolve({ close: () => Promise.resolve(place.remove()) }),
        async fault({ stage, audience, options: { tell } }, number) {
          const offsetMs = STEPS_MS[number % STEPS_MS.length];
          tell(`fault ${number + 1}: the clock is ${offsetMs / 1000} s off`);
          fs.writeFileSync(file, String(offsetMs));
          process.kill(stage.gateways[0].pid, 'SIGUSR2');
          await untilTrue(
            'the service to see it',
            () => Math.abs(audience.exactlyOnce.serverTimeMs - Date.now() - offsetMs) < TOLERANCE_MS,
            SEEN_WITHIN_MS,
          );
          steps++;
        },
        checks: () => [
          { what: 'jumps that the service saw', found: steps, atLeast: options.small ? 2 : STEPS_MS.length },
        ],
      },
      options,
    );
  },
};
