import { Audience } from './audience.js';
import type { Check } from './check.js';
import { tellCopies } from './copies.js';
import { FaultProxy } from './fault-proxy.js';
import { KeyProducer } from './key-producer.js';
import { areDue } from './running-loop.js';
import type { Findings, ScenarioOptions } from './scenario.js';
import { Stage, type StageOptions } from './stage/stage.js';
import type { TestedService } from './stage/tested-service.js';
import { pauseMs, untilTrue } from './waiting.js';

/** How much is played, and how often something breaks. */
interface Size {
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly batchSize: number;
  readonly faults: number;
  /** Between two faults, by chance. */
  readonly pauseMs: readonly [low: number, high: number];
}

const SIZES: Record<'full' | 'small', Size> = {
  full: { events: 60_000, eventsPerSecond: 4_000, batchSize: 50, faults: 4, pauseMs: [500, 4_000] },
  small: { events: 3_000, eventsPerSecond: 1_500, batchSize: 25, faults: 1, pauseMs: [300, 800] },
};

const PRODUCERS = 4;
const KEYS_PER_PRODUCER = 16;
const BEGIN_DEADLINE_MS = 30_000;
const RECOVER_DEADLINE_MS = 60_000;
const COMPLETE_DEADLINE_MS = 90_000;
const ENOUGH_DEADLINE_MS = 900_000;

/** What a fault can touch. */
export interface Play {
  readonly stage: Stage;
  /** One for each gateway, if they are wanted. */
  readonly proxies: readonly FaultProxy[];
  readonly audience: Audience;
  readonly producers: readonly Producer[];
  readonly options: ScenarioOptions;
  readonly size: Size;
}

/** Whoever publishes and tells the ledger. */
export interface Producer {
  start(): void;
  finish(): Promise<void>;
  abandon(): void;
  /** Why it publishes no more, though nobody told it to finish. */
  readonly failure: Error | undefined;
  readonly retries: number;
}

export interface Script {
  readonly stage: Omit<StageOptions, 'broker'>;
  /** Start of every event id. */
  readonly letter: string;
  readonly size?: Partial<Record<'full' | 'small', Partial<Size>>>;
  /** What readers subscribe to; absent: a topic that the service makes itself. */
  readonly topic?: string;
  /** Clients and producers reach each gateway through a proxy of its own. */
  readonly isProxied?: boolean;
  /** What else it needs, and who publishes if not producers at the gateways. */
  prepare?(stage: Stage, options: ScenarioOptions): Promise<Prepared>;
  /** Acknowledgements may be lost on their way, so that more is repeated than the reader can know. */
  readonly losesAcks?: boolean;
  readonly silentAfterMs?: number;
  readonly postTimeoutMs?: number;
  readonly isDoubled?: boolean;
  /** Each fault waits until the one before is overcome. */
  readonly oneAtATime?: boolean;
  /**
   * What breaks takes long to come back, and would break again before much was published: faults are no more than the size
   * says, and those that wait for the one before wait for their share of the events as well.
   */
  readonly areFaultsSpread?: boolean;
  /** One fault, until it is over; `number` counts from 0. */
  fault(play: Play, number: number): Promise<void>;
  /** What else must hold, once all that was due has come. */
  checks?(play: Play): Check[] | Promise<Check[]>;
}

export interface Prepared {
  producers?(run: string, size: Size, audience: Audience): readonly Producer[];
  close?(): Promise<void>;
}

/**
 * Producers publish, one subscriber of each guarantee listens, and meanwhile things break: the part that all scenarios of
 * this kind have in common. Every second fault waits until the one before has been overcome; the others may come into
 * the middle of it.
 */
export async function playScript(script: Script, options: ScenarioOptions): Promise<Findings> {
  const kind = options.small ? 'small' : 'full';
  const size: Size = { ...SIZES[kind], ...script.size?.[kind], ...(options.events && { events: options.events }) };
  const run = `${script.letter}${options.random.seed.toString(36)}`;
  const stage = await Stage.open({ ...script.stage, broker: options.broker });
  const proxies = script.isProxied === true ? await Promise.all(stage.ports.map((port) => FaultProxy.open(port))) : [];
  const prepared: Prepared = (await script.prepare?.(stage, options).catch(closing(stage))) ?? {};
  const ports = proxies.length > 0 ? proxies.map(({ port }) => port) : stage.ports;
  const topic = script.topic ?? stage.service.topic;
  const audience = new Audience({
    urls: ports.map((port) => stage.streamUrl(port)),
    topic,
    run,
    silentAfterMs: script.silentAfterMs,
  });
  const producers =
    prepared.producers?.(run, size, audience) ??
    keyProducers({ script, service: stage.service, ports, topic, run, size, audience });
  const play: Play = { stage, proxies, audience, producers, options, size };
  try {
    audience.start();
    await untilTrue('the subscriptions to begin', () => audience.hasBegun, BEGIN_DEADLINE_MS);
    for (const producer of producers) producer.start();
    await untilTrue('the first events', () => areDue(1, audience, producers), BEGIN_DEADLINE_MS);
    const faults = await breakThings(script, play);
    await untilTrue('enough events', () => areDue(size.events, audience, producers), ENOUGH_DEADLINE_MS);
    await Promise.all(producers.map((producer) => producer.finish()));
    options.tell(`${audience.due} events are due to each; waiting for the last of them`);
    await untilTrue('all that is due', () => audience.isComplete, COMPLETE_DEADLINE_MS).catch(() => undefined);
    await untilTrue('the rest', () => audience.isQuiet, COMPLETE_DEADLINE_MS).catch(() => undefined);
    // A duplicate that is still on its way would be counted too.
    await pauseMs(1_000);
    if (audience.mayBeWrong) await tellCopies(stage, topic, run, audience.ledger);
    return {
      figures: audience.figures(),
      checks: [
        { what: 'events that producers were told are safe', found: audience.due, atLeast: size.events },
        { what: 'faults', found: faults, atLeast: size.faults },
        ...audience.checks({ judgesRepeats: script.losesAcks !== true }),
        ...((await script.checks?.(play)) ?? []),
        { what: 'batches that were sent again', found: producers.reduce((sum, { retries }) => sum + retries, 0) },
      ],
      notes: audience.notes(),
    };
  } finally {
    audience.stop();
    for (const producer of producers) producer.abandon();
    await prepared.close?.();
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await stage.close();
  }
}

async function breakThings(script: Script, play: Play): Promise<number> {
  const { audience, options, size } = play;
  let faults = 0;
  const areEnough = () => faults >= size.faults && (script.areFaultsSpread === true || audience.due >= size.events);
  while (!areEnough()) {
    await pauseMs(options.random.between(...size.pauseMs));
    if (faults % 2 === 0 || script.oneAtATime === true) {
      await untilTrue('the fault before to be overcome', () => audience.hasRecovered, RECOVER_DEADLINE_MS).catch(
        (error: Error) => {
          throw new Error(`${error.message}: ${audience.awaited}`);
        },
      );
      const share = script.areFaultsSpread === true ? (size.events * (faults + 1)) / (size.faults + 1) : 0;
      await untilTrue('events between two faults', () => areDue(share, audience, play.producers), ENOUGH_DEADLINE_MS);
    }
    audience.fault();
    await script.fault(play, faults++);
  }
  await untilTrue('the last fault to be overcome', () => audience.hasRecovered, RECOVER_DEADLINE_MS).catch(
    () => undefined,
  );
  return faults;
}

interface ProducerPlan {
  readonly script: Script;
  readonly service: TestedService;
  readonly ports: readonly number[];
  readonly topic: string;
  readonly run: string;
  readonly size: Size;
  readonly audience: Audience;
}

function keyProducers({ script, service, ports, topic, run, size, audience }: ProducerPlan): Producer[] {
  const { isDoubled, postTimeoutMs } = script;
  return Array.from({ length: PRODUCERS }, (_, index) => {
    const turned =
      isDoubled === true ? ports : [...ports.slice(index % ports.length), ...ports.slice(0, index % ports.length)];
    return new KeyProducer(
      {
        ports: turned,
        service,
        topic,
        keys: Array.from({ length: KEYS_PER_PRODUCER }, (_, key) => `p${index}k${key}`),
        run,
        batchSize: size.batchSize,
        eventsPerSecond: size.eventsPerSecond / PRODUCERS,
        isDoubled,
        postTimeoutMs,
      },
      audience.ledger,
    );
  });
}

function closing(stage: Stage): (error: unknown) => Promise<never> {
  return async (error) => {
    await stage.close();
    throw error;
  };
}
