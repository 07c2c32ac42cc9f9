import { playScript } from './play.js';
import type { Scenario } from './scenario.js';

/** All clients lose the network for 2 s: their connections end, and nobody is let in. */
const OFFLINE_MS = 2_000;

export const offline: Scenario = {
  name: 'offline',
  about: 'clients and producers without a network for 2 s',
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: true,

  run: (options) =>
    playScript(
      {
        stage: { gateways: 1 },
        letter: 'o',
        isProxied: true,
        // What was acknowledged just before the cut may have been lost with the buffers of the connection.
        losesAcks: true,
        async fault({ proxies, options: { tell } }, number) {
          tell(`fault ${number + 1}: offline`);
          await proxies[0].offline(OFFLINE_MS);
        },
      },
      options,
    ),
};
