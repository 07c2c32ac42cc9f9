import { LogProducer } from './log-producer.js';
import { playScript, type Prepared } from './play.js';
import type { Scenario, ScenarioOptions } from './scenario.js';
import type { Stage } from './stage/stage.js';
import { pauseMs, untilTrue } from './waiting.js';

/**
 * Others write to a topic; a rule sends copies to another one; the router that makes them is killed in the middle.
 *
 *   somebody else ──▶ theirs (external) ──▶ router ─┬─ transaction: copies and position ──▶ routed ──▶ readers
 *                                           router ─┘
 *                                             ▲ kill -9 one of the two, again and again
 *
 * The copies of a batch and the position behind it are one append: so nothing is missing and nothing is there twice.
 */
const THEIRS = 'integrity/theirs';
const BROKER_NAME = 'integrity-theirs';
const ROUTED = 'integrity/routed';
const PARTITIONS = 4;
const KEYS = 32;
const TRIES = 300;
/** No lane may stand still for longer. */
const MAX_STALL_MS = 10_000;
const AWAY_DEADLINE_MS = 60_000;

export const killRouter: Scenario = {
  name: 'kill-router',
  about: 'a router killed with kill -9 in the middle of a transaction',
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: true,

  run: (options) =>
    playScript(
      {
        stage: { gateways: 1, routers: 2 },
        letter: 'u',
        topic: ROUTED,
        size: { full: { faults: 3 } },
        prepare,
        // How long a lane stands still is of one fault.
        oneAtATime: true,
        async fault({ stage, audience, options: { random, tell } }, number) {
          const victim = Math.floor(random.next() * stage.routers.length);
          const staysAway = number % 2 === 0;
          tell(
            `fault ${number + 1}: router ${victim} is killed${staysAway ? ', and away until the other has its lanes' : ''}`,
          );
          await stage.routers[victim].kill();
          // What it left open, the others must end.
          if (staysAway) await untilTrue('the other to have its lanes', () => audience.hasRecovered, AWAY_DEADLINE_MS);
          await stage.routers[victim].begin();
        },
        checks: ({ audience }) => [
          { what: 'longest time that a key stood still, ms', found: audience.longestRecoveryMs, atMost: MAX_STALL_MS },
        ],
      },
      options,
    ),
};

async function prepare(stage: Stage, { tell }: ScenarioOptions): Promise<Prepared> {
  const { service, gateways } = stage;
  const [gateway] = gateways;
  const post = async (path: string, body: object) => {
    const response = await fetch(`${gateway.origin}${service.apiPath}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (response.status !== 201) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  };
  const common = { data_type: service.dataType, partitions: PARTITIONS };
  await post('topics', { ...common, name: THEIRS, origin: 'external', broker_name: BROKER_NAME });
  await post('topics', { ...common, name: ROUTED });
  await post('routing/rules', { name: 'integrity', source_pattern: THEIRS, target_topic: ROUTED });
  const log = await stage.openLog();
  // A lane is routed from where its router first stood: what comes before that is the past.
  for (let tries = 0; (await log.committed(`router/${BROKER_NAME}`)).length < PARTITIONS; tries++) {
    if (tries > TRIES) throw new Error('the routers do not take up the lanes');
    await pauseMs(100);
  }
  tell('the routers have the lanes');
  return {
    producers: (run, { batchSize, eventsPerSecond }, { ledger }) => [
      new LogProducer(
        {
          log,
          service,
          topic: BROKER_NAME,
          partitions: PARTITIONS,
          keys: Array.from({ length: KEYS }, (_, key) => `k${key}`),
          run,
          batchSize,
          eventsPerSecond,
        },
        ledger,
      ),
    ],
    close: () => log.close(),
  };
}
