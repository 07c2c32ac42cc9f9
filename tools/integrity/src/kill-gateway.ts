import { playScript } from './play.js';
import type { Scenario } from './scenario.js';

/**
 * One of two gateways is killed with `kill -9`; its clients go on at the other one.
 *
 *   producers ─┬─▶ gateway 0 ─┬─▶ one log, one database
 *   readers  ──┴─▶ gateway 1 ─┘
 *        kill -9 ▲ either, then it is started again
 *
 * A batch that a killed gateway had stored and not acknowledged is published again at the other one, which has not seen
 * it: readers must drop that copy.
 */
export const killGateway: Scenario = {
  name: 'kill-gateway',
  about: 'one of two gateways killed with kill -9, its clients go on at the other',
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: true,

  run: (options) =>
    playScript(
      {
        stage: { gateways: 2 },
        letter: 'g',
        async fault({ stage, options: { random, tell } }, number) {
          const victim = Math.floor(random.next() * stage.gateways.length);
          tell(`fault ${number + 1}: gateway ${victim} is killed`);
          await stage.gateways[victim].kill();
          await stage.gateways[victim].begin();
        },
      },
      options,
    ),
};
