import { playScript } from './play.js';
import type { Scenario } from './scenario.js';
import { pauseMs } from './waiting.js';

/**
 * PostgreSQL is stopped and comes back. The owner of a durable subscription that cannot renew must stop sending at two
 * thirds of its term, says that it is recovering, and goes on when the database is back; whoever keeps its own cursor
 * notices nothing; and events are taken all the while.
 */
const TERM_MS = 1_500;
/** Two thirds of the term, and what is under way. */
const SENDING_STOPS_MS = (TERM_MS * 2) / 3 + 500;
/** At least so long it is watched who is sent something. */
const WATCHED_MS = 500;
const DOWN_MS = { full: [2_500, 6_000], small: [2_000, 2_200] } as const;

export const postgresLoss: Scenario = {
  name: 'postgres-loss',
  about: 'PostgreSQL stopped and back: durable subscriptions wait, nothing is lost',
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: true,

  run: (options) => {
    let sentInVain = 0;
    let toOthers = 0;
    return playScript(
      {
        stage: { gateways: 1, env: { OWNERSHIP_TERM_MS: String(TERM_MS) } },
        letter: 'q',
        // What was acknowledged while nothing could be stored comes again.
        losesAcks: true,
        async fault({ stage, audience, options: { random, tell, small } }, number) {
          const [low, high] = DOWN_MS[small ? 'small' : 'full'];
          const downMs = random.between(low, high);
          tell(`fault ${number + 1}: no database for ${Math.round(downMs)} ms`);
          const endMs = performance.now() + downMs;
          await stage.database.stop();
          await pauseMs(SENDING_STOPS_MS);
          // Until now nobody noticed.
          audience.fault();
          const { atLeastOnce, exactlyOnce } = audience;
          const [owned, own] = [atLeastOnce.deliveries, exactlyOnce.deliveries];
          await pauseMs(Math.max(WATCHED_MS, endMs - performance.now()));
          sentInVain += atLeastOnce.deliveries - owned;
          toOthers += exactlyOnce.deliveries - own;
          await stage.database.startAgain();
        },
        checks: ({ audience, size }) => [
          {
            what: 'at-least-once: times told that it is recovering',
            found: audience.atLeastOnce.recoverings,
            atLeast: size.faults,
          },
          { what: 'at-least-once: sent after two thirds of the term', found: sentInVain, atMost: 0 },
          { what: 'exactly-once, with its own cursor: sent meanwhile', found: toOthers, atLeast: 1 },
        ],
      },
      options,
    );
  },
};
