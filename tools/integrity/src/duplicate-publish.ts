import { playScript } from './play.js';
import type { Scenario } from './scenario.js';

/**
 * Every batch is published through two gateways at once, under the same ids; readers come and go in between, so that
 * those who catch up have to drop the copies too.
 *
 *   producer ─┬─▶ gateway 0 ─┬─▶ the log has some events twice
 *             └─▶ gateway 1 ─┘
 */
export const duplicatePublish: Scenario = {
  name: 'duplicate-publish',
  about: 'each event published through two gateways at once takes effect once',
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: true,

  run: (options) =>
    playScript(
      {
        stage: { gateways: 2 },
        letter: 'd',
        isDoubled: true,
        // A reader that is cut off does not know which of its acknowledgements arrived.
        losesAcks: true,
        fault({ audience, options: { tell } }, number) {
          tell(`fault ${number + 1}: the readers are cut off`);
          audience.cut();
          return Promise.resolve();
        },
      },
      options,
    ),
};
