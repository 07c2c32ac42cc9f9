import type { ServerProcess } from '@distributary/bench';
import type { SubscribePayload } from '@distributary/contracts';
import type { Check } from './check.js';
import { EveryLedger } from './every-ledger.js';
import { figuresOf } from './figures.js';
import { HandOverReader } from './hand-over-reader.js';
import { KeyProducer } from './key-producer.js';
import { LossLedger } from './loss-ledger.js';
import type { Scenario, ScenarioOptions } from './scenario.js';
import { Stage } from './stage/stage.js';
import { pauseMs, untilTrue } from './waiting.js';

/**
 * Durable subscriptions of every type pass from one receiver to the next, in each way that this can happen.
 *
 *   producers ──▶ process 0 (ingest, database)      process 1 ──▶ first, then second     disconnect
 *                      │  one log, one database  ┌──process 1 ──▶ second   SIGSTOP … SIGCONT: a late owner
 *                      └─────────────────────────┴──process 2 ──▶ third    takes over meanwhile, then kill -9
 *                                                   process 1 ──▶ fourth   takes over
 *
 * The stopped owner wakes after its term and acknowledges what it had been sent: that must not move the position. Where the
 * broker spreads single events, shared types have no owner: whoever comes next shares with the one that is stopped.
 */
const TYPES = ['exclusive', 'failover', 'shared', 'key_shared'] as const;
const TAKE_OVER_DEADLINE_MS = 20_000;

const SIZES = {
  full: { eventsPerSecond: 2_000, phaseMs: [2_000, 6_000], rounds: 3 },
  small: { eventsPerSecond: 400, phaseMs: [300, 700], rounds: 1 },
} as const;

type Type = NonNullable<SubscribePayload['type']>;

/** One subscription and whoever receives it at present. */
class Relay {
  readonly ledger = new LossLedger();
  /** Deliveries that may be repeated, because nobody could know whether they took effect. */
  repeatable = 0;
  movedByStopped = 0;
  staleAnswers = 0;
  readonly waitsMs: number[] = [];
  private current: HandOverReader | undefined;

  constructor(
    readonly type: Type,
    private readonly stage: Stage,
    private readonly run: string,
  ) {}

  get name(): string {
    return `${this.type}-${this.run}`;
  }

  /** Otherwise processes share it, and one that was stopped has been replaced by nobody. */
  get hasOwner(): boolean {
    return !this.stage.broker.spreads || this.type === 'exclusive' || this.type === 'failover';
  }

  get reader(): HandOverReader {
    return this.current as HandOverReader;
  }

  newReader({ port }: ServerProcess): HandOverReader {
    const { name, type, stage, run } = this;
    const patterns = [stage.service.topic];
    return new HandOverReader({ url: stage.streamUrl(port), name, type, patterns, run }, this.ledger);
  }

  async begin(service: ServerProcess): Promise<void> {
    this.current = this.newReader(service).start();
    await this.untilOwned(this.current);
  }

  /** `give` ends what the present one has; how long the next one waited is noted. */
  async pass(service: ServerProcess, give: (present: HandOverReader) => void): Promise<HandOverReader> {
    const present = this.reader;
    const next = this.newReader(service).start();
    const startedAt = performance.now();
    give(present);
    this.repeatable += present.unacknowledged();
    this.current = next;
    await this.untilOwned(next);
    this.waitsMs.push(performance.now() - startedAt);
    return present;
  }

  private untilOwned(reader: HandOverReader): Promise<void> {
    return untilTrue(`${this.type} to be taken over`, () => reader.owns, TAKE_OVER_DEADLINE_MS);
  }
}

export const handOver: Scenario = {
  name: 'hand-over',
  about: 'all subscription types pass on: disconnect, process death, a stopped owner that wakes too late',
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: true,

  async run(options: ScenarioOptions) {
    const size = SIZES[options.small ? 'small' : 'full'];
    const stage = await Stage.open({ gateways: 3, broker: options.broker });
    const [lead, first, second] = stage.gateways;
    const run = `h${options.random.seed.toString(36)}`;
    const relays = TYPES.map((type) => new Relay(type, stage, run));
    const producer = new KeyProducer(
      {
        ports: [lead.port],
        service: stage.service,
        topic: stage.service.topic,
        keys: Array.from({ length: 16 }, (_, key) => `k${key}`),
        run,
        batchSize: 20,
        eventsPerSecond: size.eventsPerSecond,
      },
      new EveryLedger(relays.map(({ ledger }) => ledger)),
    );
    const wanted = options.events ?? 0;
    const due = () => Math.min(...relays.map(({ ledger }) => ledger.due));
    try {
      const phase = () => pauseMs(options.random.between(size.phaseMs[0], size.phaseMs[1]));
      await Promise.all(relays.map((relay) => relay.begin(first)));
      producer.start();
      for (let round = 0; round < size.rounds || due() < wanted; round++) {
        await phase();
        options.tell(`round ${round + 1}: the receivers are cut off`);
        await Promise.all(relays.map((relay) => relay.pass(first, (present) => present.cut())));
        await phase();
        options.tell('their process is stopped');
        await stopOwner(stage, relays, phase);
        await phase();
        options.tell('the process of the new owners is killed');
        await Promise.all([
          second.kill(),
          ...relays.map((relay) => relay.pass(first, (present) => (present.isReplaced = true))),
        ]);
        if (round + 1 < size.rounds || due() < wanted) await second.begin();
      }
      await phase();
      await producer.finish();
      const isWhole = () => relays.every(({ ledger }) => ledger.isComplete);
      await untilTrue('all that is due', isWhole, 30_000).catch(() => undefined);
      // A duplicate that is still on its way would be counted too.
      await pauseMs(500);
      if (!isWhole()) for (const relay of relays) options.tell(`${relay.type}: ${relay.reader.describe()}`);
      return report(relays);
    } finally {
      for (const relay of relays) relay.reader?.cut();
      await stage.close();
    }
  },
};

/** The owners' process stands still; others take over elsewhere; then it goes on, and its receivers acknowledge. */
async function stopOwner(stage: Stage, relays: readonly Relay[], phase: () => Promise<void>): Promise<void> {
  const [, stopped, taker] = stage.gateways;
  for (const relay of relays) relay.reader.isHolding = true;
  await phase();
  process.kill(stopped.pid, 'SIGSTOP');
  const late = await Promise.all(relays.map((relay) => relay.pass(taker, (present) => (present.isReplaced = true))));
  for (const relay of relays) relay.reader.isHolding = true;
  // What the new owners have acknowledged by then is stored.
  await pauseMs(1_200);
  const before = await positionsOf(stage, relays);
  // In the sockets when it wakes: what it was sent and had not acknowledged before it was stopped.
  for (const reader of late) reader.acknowledge(true);
  process.kill(stopped.pid, 'SIGCONT');
  await untilTrue(
    'the late owners to be told',
    () => relays.every(({ hasOwner }, index) => !hasOwner || late[index].errors.includes('generation.stale')),
    10_000,
  ).catch(() => undefined);
  await pauseMs(300);
  const after = await positionsOf(stage, relays);
  relays.forEach((relay, index) => {
    if (after[index] !== before[index]) relay.movedByStopped++;
    if (late[index].errors.includes('generation.stale')) relay.staleAnswers++;
    late[index].cut();
    relay.reader.isHolding = false;
  });
}

/** As the first process, which owns none of them, reads them in the database. */
async function positionsOf({ service, gateways }: Stage, relays: readonly Relay[]): Promise<string[]> {
  const response = await fetch(`${gateways[0].origin}${service.apiPath}/subscriptions?limit=500`);
  const { items } = (await response.json()) as {
    items: readonly { readonly subscription_id: string; readonly positions: unknown }[];
  };
  return relays.map(({ name }) => {
    const found = items.find((one) => one.subscription_id === name);
    if (found?.positions === undefined) throw new Error(`the service lists no positions of ${name}`);
    return JSON.stringify(found.positions);
  });
}

function ownerChecks({ type, movedByStopped, staleAnswers }: Relay): Check[] {
  return [
    { what: `${type}: positions that a stopped owner moved`, found: movedByStopped, atMost: 0 },
    { what: `${type}: stopped owners that were told so`, found: staleAnswers, atLeast: 1 },
  ];
}

function report(relays: readonly Relay[]) {
  const judged = relays.map((relay) => ({ relay, found: relay.ledger.judge() }));
  return {
    figures: judged.map(({ relay, found }) => figuresOf(relay.type, found, relay.waitsMs)),
    checks: judged.flatMap(({ relay, found }) => [
      { what: `${relay.type}: events due`, found: found.due, atLeast: 100 },
      { what: `${relay.type}: missing`, found: found.missing, atMost: 0 },
      {
        what: `${relay.type}: first deliveries out of order in their key`,
        found: found.outOfOrder,
        ...(relay.type === 'shared' ? {} : { atMost: 0 }),
      },
      {
        what: `${relay.type}: duplicates, at most what was unacknowledged`,
        found: found.duplicated,
        atMost: relay.repeatable,
      },
      ...(relay.hasOwner ? ownerChecks(relay) : []),
      { what: `${relay.type}: longest hand-over, ms`, found: Math.round(Math.max(...relay.waitsMs)) },
    ]),
    notes: judged.flatMap(({ found }) => found.examples),
  };
}
