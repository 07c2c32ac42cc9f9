import { playScript } from './play.js';
import type { Scenario } from './scenario.js';

/**
 * Everybody's connections break at random moments: reset, or swallowed by a black hole that tells nobody.
 *
 *   producers ─┐                 ┌─▶ service
 *   readers  ──┴─▶ proxy ── ╳ ──┘
 *
 * A reader to which nothing comes for a while leaves and comes back; what it had acknowledged into the hole was never
 * heard, so at-least-once may repeat more than it knows.
 */
const SILENT_AFTER_MS = 1_500;
const HOLE_MS = { full: 2_500, small: 600 };

export const tcpCut: Scenario = {
  name: 'tcp-cut',
  about: 'connections reset, or swallowed by a black hole, at random moments',
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: true,

  run: (options) =>
    playScript(
      {
        stage: { gateways: 1 },
        letter: 't',
        size: { full: { faults: 8, pauseMs: [300, 2_500] }, small: { faults: 3, pauseMs: [200, 500] } },
        isProxied: true,
        losesAcks: true,
        silentAfterMs: SILENT_AFTER_MS,
        postTimeoutMs: SILENT_AFTER_MS,
        async fault({ proxies, options: { random, tell, small } }, number) {
          tell(`fault ${number + 1}: ${await proxies[0].breakSomehow(random, HOLE_MS[small ? 'small' : 'full'])}`);
        },
      },
      options,
    ),
};
