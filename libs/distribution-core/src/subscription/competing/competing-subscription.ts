import { DEFAULT_MAX_ATTEMPTS, DEFAULT_MAX_UNACKED } from '../../delivery/delivery-options.js';
import type { PositionKeeper } from '../../delivery/queue/position-keeper.js';
import type { LogQueueConsumer } from '../../delivery/queue/queue-consumer.js';
import { QueueSubscription } from '../../delivery/queue/queue-subscription.js';
import { DEFAULT_REDELIVERY, type RedeliveryPolicy } from '../../delivery/redelivery-policy.js';
import { DistributionError } from '../../errors/distribution-error.js';
import { compileSelection } from '../../matching/entry-matcher.js';
import type { Clock } from '../../ports/clock.port.js';
import type { CursorStore } from '../../ports/cursor-store.port.js';
import type { IdSource } from '../../ports/id-source.port.js';
import type { Log } from '../../ports/log.port.js';
import type { Counter } from '../../ports/metrics.port.js';
import type { Delivery } from '../../ports/queue.port.js';
import type { TopicDefinition } from '../../ports/topic-catalog.port.js';
import { OwnershipTerm } from '../ownership-term.js';
import type { Replays } from '../replays.js';
import type { Start } from '../start.js';
import { type DurableSubscription, selectionOf } from '../subscription.js';
import { takenElsewhere } from '../taken-elsewhere.js';
import { firstPositions } from './first-positions.js';

export interface CompetingLimits {
  readonly ownershipTermMs: number;
  readonly ackFlushMs: number;
  readonly ackTimeoutMs: number;
  readonly redelivery?: RedeliveryPolicy;
  readonly dedupeWindowMs?: number;
}

export interface CompetingDependencies {
  readonly log: Log;
  readonly cursors: CursorStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: CompetingLimits;
  /** Where what cannot be delivered goes, and comes back from; without it, it is dropped and counted. */
  readonly replays: Replays | undefined;
  readonly dropped: Counter;
  readonly redelivered: Counter;
}

/** What a session that takes part is told of. */
export interface SeatEvents {
  onSuspended(): void;
  onResumed(): void;
  /** Another process has taken the subscription, or it was paused or deleted. */
  onLost(): void;
}

/** One session's place among those that compete. */
export class Seat {
  private consumer: LogQueueConsumer;

  constructor(
    private readonly of: CompetingSubscription,
    private readonly engine: QueueSubscription,
    readonly events: SeatEvents,
  ) {
    this.consumer = engine.join();
  }

  get generation(): number {
    return this.of.generation;
  }

  get maxUnacked(): number {
    return this.engine.options.maxUnacked;
  }

  receive(max: number, signal: AbortSignal): Promise<readonly Delivery[]> {
    return this.consumer.receive(max, signal);
  }

  ack(deliveries: readonly Delivery[]): void {
    this.engine.ackSoon(deliveries, this.of.ackFlushMs);
  }

  nack(deliveries: readonly Delivery[], delayMs: number | undefined): void {
    this.engine.nack(this.consumer, deliveries, delayMs);
  }

  /** Gives back what it holds; the last one gives the subscription up. */
  async leave(): Promise<void> {
    await this.consumer.close();
    await this.of.left(this);
  }
}

/** A subscription of a shared type while sessions of this process receive it: they all share one engine and one right. */
export class CompetingSubscription {
  private readonly seats = new Set<Seat>();
  private endReplays: (() => void) | undefined;
  private ending: Promise<void> | undefined;

  private constructor(
    readonly subscription: DurableSubscription,
    private readonly deps: CompetingDependencies,
    private readonly term: OwnershipTerm,
    private readonly engine: QueueSubscription,
    private readonly brokerNames: Map<string, string>,
    private readonly onEnded: () => void,
  ) {}

  /** `subscription.taken` while another process receives it; `topic.not_found` if no topic matches. */
  static async open(
    subscription: DurableSubscription,
    start: Start | undefined,
    topics: readonly TopicDefinition[],
    ownerId: string,
    deps: CompetingDependencies,
    onEnded: () => void,
  ): Promise<CompetingSubscription> {
    const { cursors, clock, limits } = deps;
    const { subscriptionId } = subscription;
    const wanted = topicsOf(subscription, topics);
    if (wanted.length === 0) {
      throw new DistributionError('topic.not_found', `no topic matches ${subscription.topicPatterns.join(', ')}`);
    }
    const ownership = await cursors.acquire(subscriptionId, ownerId, limits.ownershipTermMs);
    if (ownership === 'taken') {
      const message = `${subscriptionId} is received in another process`;
      throw await takenElsewhere(subscriptionId, message, cursors, limits.ownershipTermMs);
    }
    // The term tells whoever is there by then.
    const opened: { competing?: CompetingSubscription } = {};
    const term = new OwnershipTerm(ownership, cursors, clock, {
      onSuspended: () => opened.competing?.suspended(),
      onResumed: () => opened.competing?.resumed(),
      onLost: () => opened.competing?.lost(),
    });
    try {
      const brokerNames = brokerNamesOf(wanted);
      const engine = await openEngine(subscription, start, wanted, brokerNames, term, deps);
      const competing = new CompetingSubscription(subscription, deps, term, engine, brokerNames, onEnded);
      opened.competing = competing;
      competing.endReplays = await deps.replays?.attach(subscription, engine);
      term.start();
      return competing;
    } catch (error) {
      await term.release();
      throw error;
    }
  }

  get generation(): number {
    return this.term.generation;
  }

  get ackFlushMs(): number {
    return this.deps.limits.ackFlushMs;
  }

  /** Nobody may join it any more. */
  get isOver(): boolean {
    return this.term.isOver || this.ending !== undefined;
  }

  join(events: SeatEvents): Seat {
    const seat = new Seat(this, this.engine, events);
    this.seats.add(seat);
    return seat;
  }

  async left(seat: Seat): Promise<void> {
    this.seats.delete(seat);
    if (this.seats.size === 0) await this.end();
  }

  /** Topics that match and are new join it, from their first event on. */
  async topicsChanged(topics: readonly TopicDefinition[]): Promise<void> {
    if (this.isOver) return;
    const wanted = topicsOf(this.subscription, topics);
    for (const [name, brokerName] of brokerNamesOf(wanted)) this.brokerNames.set(name, brokerName);
    await this.engine.extend(wanted.map((topic) => topic.name));
  }

  /** Stores what was acknowledged and gives the right up. Who receives it next begins with what was stored. */
  end(): Promise<void> {
    this.ending ??= this.giveUp();
    return this.ending;
  }

  private async giveUp(): Promise<void> {
    this.endReplays?.();
    try {
      await this.engine.end();
      await this.term.release();
    } finally {
      this.onEnded();
    }
  }

  private suspended(): void {
    this.engine.pause();
    for (const seat of this.seats) seat.events.onSuspended();
  }

  private resumed(): void {
    this.engine.resume();
    for (const seat of this.seats) seat.events.onResumed();
  }

  private lost(): void {
    this.engine.pause();
    void this.end();
    for (const seat of [...this.seats]) seat.events.onLost();
    this.seats.clear();
  }
}

function topicsOf(subscription: DurableSubscription, topics: readonly TopicDefinition[]): TopicDefinition[] {
  const matcher = compileSelection(selectionOf(subscription));
  return topics.filter((topic) => matcher.matchesTopic(topic.name));
}

function brokerNamesOf(topics: readonly TopicDefinition[]): Map<string, string> {
  return new Map(topics.map((topic) => [topic.name, topic.brokerName]));
}

async function openEngine(
  subscription: DurableSubscription,
  start: Start | undefined,
  topics: readonly TopicDefinition[],
  brokerNames: ReadonlyMap<string, string>,
  term: OwnershipTerm,
  deps: CompetingDependencies,
): Promise<QueueSubscription> {
  const { log, cursors, clock, ids, limits } = deps;
  const { subscriptionId, delivery } = subscription;
  // Written only while the right is ours: the store compares the generation.
  const positions: PositionKeeper = {
    keepsAbove: true,
    load: () => cursors.loadWithAbove(subscriptionId),
    store: async (moved) => {
      if ((await cursors.store(term.ownership, moved)) === 'stored') return;
      term.lose();
      throw new DistributionError('generation.stale', `${subscriptionId} has another owner by now`);
    },
  };
  if ((await positions.load()).length === 0) {
    const first = await firstPositions(start ?? { at: 'latest' }, topics, log);
    if (first.length > 0) await positions.store(first);
  }
  return QueueSubscription.open(
    {
      topics: topics.map((topic) => topic.name),
      type: subscription.type,
      start: start?.at === 'earliest' ? 'earliest' : 'latest',
      ackTimeoutMs: delivery?.ackTimeoutMs ?? limits.ackTimeoutMs,
      maxAttempts: delivery?.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
      maxUnacked: delivery?.maxUnacked ?? DEFAULT_MAX_UNACKED,
      redelivery: limits.redelivery ?? DEFAULT_REDELIVERY,
      selection: selectionOf(subscription),
    },
    {
      log,
      clock,
      random: () => ids.random(),
      positions,
      deadLetters: deps.replays?.letters.sinkOf(subscription),
      dropped: deps.dropped,
      redelivered: deps.redelivered,
      brokerName: (topic) => brokerNames.get(topic) ?? topic,
      dedupeWindowMs: limits.dedupeWindowMs,
    },
  );
}
