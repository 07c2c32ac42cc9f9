import type { ServerProcess } from '@distributary/bench';
import { DurableReader } from './durable-reader.js';
import { KeyProducer } from './key-producer.js';
import { figuresOf } from './figures.js';
import type { LossLedger } from './loss-ledger.js';
import { WatchedLedger } from './watched-ledger.js';
import { areDue } from './running-loop.js';
import type { Scenario, ScenarioOptions } from './scenario.js';
import { type LoneService, startLone } from './stage/lone-service.js';
import { streamUrl } from './stage/tested-service.js';
import { pauseMs, untilTrue } from './waiting.js';

/**
 * The service is killed with `kill -9` at random moments while events flow through it.
 *
 *   4 producers ──batches, repeated until acknowledged──▶ ┌─────────┐ ──▶ durable exclusive subscription
 *        │                                       kill -9 ▶│ service │◀ ack (cumulative, generation)   │
 *        │                                        restart └────┬────┘                                 │
 *        │                                            broker, PostgreSQL                              │
 *        └────── sent, acknowledged at a position ──────▶ ledger ◀────── received, gaps ──────────────┘
 *
 * Of each two kills one comes at any time after the start, the other only once the subscriber is receiving again: so
 * both a service that is still taking up its work and one in full flow are hit.
 */
/** All of it goes down and comes back. */
const EVERY_ROLE = 'api,gateway,router,worker';
const PRODUCERS = 4;
const KEYS_PER_PRODUCER = 16;
const KILL_AFTER_MS = { early: [200, 3_000], inFlow: [300, 4_000] } as const;
/** Longer than the ownership of a subscription lasts after its owner died. */
const LIVE_DEADLINE_MS = 60_000;
const COMPLETE_DEADLINE_MS = 90_000;

const SIZES = {
  full: { events: 200_000, kills: 5, eventsPerSecond: 4_000, batchSize: 50 },
  small: { events: 6_000, kills: 1, eventsPerSecond: 2_000, batchSize: 25 },
} as const;

interface Kill {
  readonly afterMs: number;
  readonly producersUnacknowledged: number;
  readonly readerUnacknowledged: number;
}

export const killRestart: Scenario = {
  name: 'kill-restart',
  about: 'events published while the service is killed with kill -9: nothing acknowledged is missed',
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: true,

  async run(options: ScenarioOptions) {
    const wanted = SIZES[options.small ? 'small' : 'full'];
    const size = { ...wanted, events: options.events ?? wanted.events };
    const lone = await startLone(options.broker, { ROLES: EVERY_ROLE });
    const { process: service, tested } = lone;
    const run = `s${options.random.seed.toString(36)}`;
    const ledger = new WatchedLedger();
    const producers = Array.from({ length: PRODUCERS }, (_, index) => newProducer(lone, run, index, size, ledger));
    const reader = new DurableReader(
      { urls: [streamUrl(tested, service.port)], name: `reader-${run}`, patterns: [tested.topic], run },
      ledger,
    );
    try {
      reader.start();
      await untilTrue('the subscription to begin', () => reader.generation > 0, LIVE_DEADLINE_MS);
      for (const producer of producers) producer.start();
      const kills: Kill[] = [];
      const restartsMs: number[] = [];
      for (let kill = 0; kill < size.kills; kill++) {
        kills.push(await killAtRandom(kill, service, producers, reader, options, () => ledger.fault()));
        await service.begin();
        restartsMs.push(service.readyAfterMs);
      }
      await untilTrue('enough events', () => areDue(size.events, ledger, producers), 600_000);
      await Promise.all(producers.map((producer) => producer.finish()));
      options.tell(`${ledger.due} events are due; waiting for the last of them`);
      await untilTrue('all that is due', () => ledger.isComplete, COMPLETE_DEADLINE_MS).catch(() => undefined);
      // A duplicate that is still on its way would be counted too.
      await pauseMs(1_000);
      return report(size, ledger, reader, producers, kills, restartsMs);
    } finally {
      reader.stop();
      await lone.stop();
    }
  },
};

function newProducer(
  { process: service, tested }: LoneService,
  run: string,
  index: number,
  { batchSize, eventsPerSecond }: { readonly batchSize: number; readonly eventsPerSecond: number },
  ledger: LossLedger,
): KeyProducer {
  return new KeyProducer(
    {
      ports: [service.port],
      service: tested,
      topic: tested.topic,
      keys: Array.from({ length: KEYS_PER_PRODUCER }, (_, key) => `p${index}k${key}`),
      run,
      batchSize,
      eventsPerSecond: eventsPerSecond / PRODUCERS,
    },
    ledger,
  );
}

async function killAtRandom(
  kill: number,
  service: ServerProcess,
  producers: readonly KeyProducer[],
  reader: DurableReader,
  { random, tell }: ScenarioOptions,
  onKill: () => void,
): Promise<Kill> {
  const isInFlow = kill % 2 === 0;
  if (isInFlow) await untilTrue('the subscriber to receive', () => reader.isLive, LIVE_DEADLINE_MS);
  const [low, high] = KILL_AFTER_MS[isInFlow ? 'inFlow' : 'early'];
  const afterMs = random.between(low, high);
  await pauseMs(afterMs);
  const killedAtMs = performance.now();
  onKill();
  await service.kill();
  const producersUnacknowledged = producers.reduce((sum, producer) => sum + producer.unacknowledged, 0);
  // What lay in the socket still arrives.
  await untilTrue('the subscriber to see the end', () => !reader.isConnected, 10_000);
  const readerUnacknowledged = reader.unacknowledgedAt(killedAtMs);
  tell(
    `kill ${kill + 1}: ${Math.round(afterMs)} ms after the ${isInFlow ? 'subscriber received' : 'start'}, ` +
      `${producersUnacknowledged} events unacknowledged to producers, ${readerUnacknowledged} by the subscriber`,
  );
  return { afterMs, producersUnacknowledged, readerUnacknowledged };
}

function report(
  size: { readonly events: number; readonly kills: number },
  ledger: WatchedLedger,
  reader: DurableReader,
  producers: readonly KeyProducer[],
  kills: readonly Kill[],
  restartsMs: readonly number[],
) {
  const judgement = ledger.judge();
  const unacknowledged = kills.reduce((sum, kill) => sum + kill.producersUnacknowledged + kill.readerUnacknowledged, 0);
  return {
    figures: [figuresOf('at-least-once', judgement, ledger.recoveriesMs)],
    checks: [
      { what: 'events that producers were told are safe', found: judgement.due, atLeast: size.events },
      { what: 'kills', found: kills.length, atLeast: size.kills },
      { what: 'missing', found: judgement.missing, atMost: 0 },
      { what: 'missing outside an announced gap', found: judgement.unannounced, atMost: 0 },
      { what: 'first deliveries out of order in their key', found: judgement.outOfOrder, atMost: 0 },
      {
        what: 'duplicates, at most what was unacknowledged at the kills',
        found: judgement.duplicated,
        atMost: unacknowledged,
      },
      { what: 'events that no producer sent', found: judgement.unknown, atMost: 0 },
      { what: 'frames whose prev is not the pos before', found: reader.brokenChains, atMost: 0 },
      { what: 'gaps announced', found: reader.gaps },
      { what: 'connections of the subscriber', found: reader.connections },
      { what: 'batches that were sent again', found: producers.reduce((sum, producer) => sum + producer.retries, 0) },
      { what: 'slowest restart until ready, ms', found: Math.round(Math.max(...restartsMs)) },
    ],
    notes: [...judgement.examples, ...[...reader.errors].map((error) => `the subscriber was told ${error}`)],
  };
}
