import { playScript } from './play.js';
import type { Scenario } from './scenario.js';
import { pauseMs } from './waiting.js';

/** The only broker is killed with `kill -9` and comes back with its data. */
const DOWN_MS = [200, 3_000] as const;

export const brokerRestart: Scenario = {
  name: 'broker-restart',
  about: 'the only broker killed with kill -9 and back',
  brokers: ['kafka', 'pulsar'],
  isRotated: true,

  run: (options) =>
    playScript(
      {
        stage: { gateways: 2 },
        letter: 'b',
        size: { full: { faults: 4 } },
        areFaultsSpread: true,
        async fault({ stage, options: { random, tell } }, number) {
          const [broker] = stage.broker.servers;
          const downMs = random.between(...DOWN_MS);
          tell(`fault ${number + 1}: the broker is killed, and down for ${Math.round(downMs)} ms`);
          await broker.kill();
          await pauseMs(downMs);
          await broker.restart();
        },
      },
      options,
    ),
};
