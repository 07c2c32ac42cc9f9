import { playScript } from './play.js';
import type { Scenario } from './scenario.js';
import { smallDisk } from './stage/small-disk.js';
import { pauseMs } from './waiting.js';

/**
 * The disk of the embedded log is full, by a file of somebody else, and free again when that is deleted.
 *
 *   small file system of its own (tmpfs): │ log ……… │ ballast: all that is left │
 *
 * While it is full nothing is acknowledged, the answer is `broker.unavailable`, and what is stored can be read.
 */
const FULL_MS = { full: [1_000, 3_000], small: [500, 600] } as const;
const EXPECTED = '503 broker.unavailable';

export const fullDisk: Scenario = {
  name: 'full-disk',
  about: 'no room on the disk of the embedded log: nothing acknowledged is lost, and it goes on when there is room',
  brokers: ['embedded'],
  isRotated: true,

  run: async (options) => {
    const disk = smallDisk();
    options.tell(disk.about);
    const answers: string[] = [];
    let deaths = 0;
    try {
      return await playScript(
        {
          stage: { gateways: 1, logFolder: disk.logFolder, env: disk.env },
          letter: 'f',
          async fault({ stage: { gateways }, options: { random, tell, small } }, number) {
            const [{ origin }] = gateways;
            const answer = await disk.fill(origin);
            answers.push(answer);
            tell(`fault ${number + 1}: the disk is full: ${answer}`);
            const [low, high] = FULL_MS[small ? 'small' : 'full'];
            await pauseMs(random.between(low, high));
            if ((await fetch(`${origin}/health/live`)).status !== 200) deaths++;
            await disk.free(origin);
          },
          checks: () => [
            {
              what: `answers other than ${EXPECTED}`,
              found: answers.filter((answer) => answer !== EXPECTED).length,
              atMost: 0,
            },
            { what: 'times that the service was not alive', found: deaths, atMost: 0 },
          ],
        },
        options,
      );
    } finally {
      disk.close();
    }
  },
};
