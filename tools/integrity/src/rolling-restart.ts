import { playScript } from './play.js';
import type { Scenario } from './scenario.js';
import { endGently } from './stage/stage.js';

/** All gateways are restarted, one after the other, while events flow: as a deployment does it. */
export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  about: 'all gateways restarted one after the other under load',
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: true,

  run: (options) =>
    playScript(
      {
        stage: { gateways: 2 },
        letter: 'r',
        // Positions are stored before a service goes.
        size: { full: { faults: 3 } },
        async fault({ stage, options: { tell } }, number) {
          tell(`round ${number + 1}`);
          for (const gateway of stage.gateways) {
            await endGently(gateway);
            await gateway.begin();
          }
        },
      },
      options,
    ),
};
