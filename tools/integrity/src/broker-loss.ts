import { playScript } from './play.js';
import type { Scenario } from './scenario.js';
import { pauseMs } from './waiting.js';

/**
 * One of three brokers is killed with `kill -9`; the other two have every acknowledged event and go on. It comes back
 * before the next one goes.
 */
const DOWN_MS = [2_000, 8_000] as const;
/** Until it has caught up: otherwise the loss of the next one is the loss of two. */
const CATCH_UP_MS = 5_000;
/** No lane may stand still for longer. */
const MAX_STALL_MS = 10_000;

export const brokerLoss: Scenario = {
  name: 'broker-loss',
  about: 'one of three brokers of a Kafka killed with kill -9, and back later',
  brokers: ['kafka'],
  isRotated: true,

  run: (options) =>
    playScript(
      {
        stage: { gateways: 2, brokers: 3 },
        letter: 'l',
        size: { full: { faults: 3 } },
        // How long a lane stands still is of one fault.
        oneAtATime: true,
        async fault({ stage, options: { random, tell } }, number) {
          const { servers } = stage.broker;
          const victim = Math.floor(random.next() * servers.length);
          tell(`fault ${number + 1}: broker ${victim + 1} is killed`);
          await servers[victim].kill();
          await pauseMs(random.between(...DOWN_MS));
          await servers[victim].restart();
          await pauseMs(CATCH_UP_MS);
        },
        checks: ({ audience }) => [
          { what: 'longest time that a key stood still, ms', found: audience.longestRecoveryMs, atMost: MAX_STALL_MS },
        ],
      },
      options,
    ),
};
