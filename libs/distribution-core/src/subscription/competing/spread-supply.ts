import type { PositionKeeper } from '../../delivery/queue/position-keeper.js';
import { QueueSubscription } from '../../delivery/queue/queue-subscription.js';
import { SourceLanes } from '../../delivery/queue/source-lanes.js';
import { DistributionError } from '../../errors/distribution-error.js';
import { canonicalSelection } from '../../matching/canonical-filter.js';
import { compileSelection } from '../../matching/entry-matcher.js';
import type { CompetingOptions } from '../../ports/competing-subscriptions.port.js';
import type { TopicDefinition } from '../../ports/topic-catalog.port.js';
import { requireActive } from '../durable-definition.js';
import { type DurableSubscription, selectionOf } from '../subscription.js';
import { firstPositions } from './first-positions.js';
import { SpreadKeeper } from './spread-keeper.js';
import { TakingWatch } from './taking-watch.js';
import {
  byIdentity,
  enginePartsOf,
  queueOptionsOf,
  requiredTopics,
  type Spreading,
  type Supply,
  type SupplyOrder,
  topicsOf,
} from './supply.js';

/** The broker knows how far it is. */
const KEPT_BY_THE_BROKER: PositionKeeper = {
  keepsAbove: false,
  load: () => Promise.resolve([]),
  store: () => Promise.resolve(),
};

/** Nobody's right ends another's, so there is one generation: an acknowledgement counts whoever has joined since. */
const GENERATION = 1;

/**
 * What the broker calls it: one that is deleted and created again is another one, so that whoever has not heard of that
 * yet takes nothing of it, and deletes nothing of it.
 */
export const spreadName = ({
  subscriptionId,
  createdAtMicros,
}: Pick<DurableSubscription, 'subscriptionId' | 'createdAtMicros'>): string =>
  // Stores keep milliseconds.
  `${subscriptionId}.${Math.floor(createdAtMicros / 1000).toString(36)}`;

/**
 * From the broker, which spreads single events over the processes that receive the subscription and knows which of them are
 * acknowledged. Inside of this process its sessions share what it was given.
 */
export class SpreadSupply implements Supply {
  readonly generation = GENERATION;
  readonly engine: QueueSubscription;
  private readonly lanes: SourceLanes;
  private readonly keeper: SpreadKeeper;
  private readonly taking: TakingWatch;
  /** By what tells a topic from another one of its name. */
  private present = new Map<string, TopicDefinition>();
  /** Changes of what it is a member of follow one another. */
  private changing: Promise<void> = Promise.resolve();
  private unfollow: (() => void) | undefined;
  private ending: Promise<void> | undefined;

  private constructor(
    private readonly order: SupplyOrder,
    private readonly spreading: Spreading,
  ) {
    const { subscription, deps, ownerId } = order;
    const options = queueOptionsOf(order, topicsOf(subscription, order.topics));
    this.lanes = new SourceLanes({
      name: spreadName(subscription),
      source: spreading.source,
      type: subscription.type as CompetingOptions['type'],
      maxUnacked: options.maxUnacked,
      matcher: compileSelection(selectionOf(subscription)),
      onGone: () => void this.refresh(true).catch(() => undefined),
    });
    this.engine = new QueueSubscription(options, {
      ...enginePartsOf(order),
      positions: KEPT_BY_THE_BROKER,
      brokerName: (topic) => topic,
      leave: () => this.lanes.leave(),
    });
    this.lanes.connect(this.engine);
    this.keeper = new SpreadKeeper({
      subscriptionId: subscription.subscriptionId,
      ownerId,
      termMs: deps.limits.ownershipTermMs,
      cursors: deps.cursors,
      clock: deps.clock,
      positions: () => this.lanes.positions(),
      attachReplays: async () => deps.replays?.attach(subscription, this.engine),
    });
    this.taking = new TakingWatch({
      engine: this.engine,
      clock: deps.clock,
      patienceMs: options.ackTimeoutMs,
      giveBack: () => this.giveBack(),
      takeUp: () => this.inTurn(() => this.lanes.join([...this.present.values()], { start: 'earliest' })),
    });
  }

  /** `topic.not_found` if no topic matches; `subscription.not_found`, `subscription.paused`; `broker.unavailable`. */
  static async open(order: SupplyOrder, spreading: Spreading): Promise<SpreadSupply> {
    const wanted = requiredTopics(order);
    const start = await startOf(order, wanted);
    const supply = new SpreadSupply(order, spreading);
    try {
      await supply.lanes.join(wanted, start);
      supply.present = byIdentity(wanted);
      await supply.check();
    } catch (error) {
      await supply.engine.end();
      if (isNotFound(error)) await supply.forgetAtBroker();
      throw error;
    }
    supply.unfollow = spreading.live.follow(order.subscription.subscriptionId, () => supply.refresh());
    supply.keeper.start();
    supply.taking.start();
    return supply;
  }

  get isOver(): boolean {
    return this.ending !== undefined;
  }

  async topicsChanged(topics: readonly TopicDefinition[]): Promise<void> {
    const wanted = byIdentity(topicsOf(this.order.subscription, topics));
    await this.inTurn(async () => {
      const gone = [...this.present].filter(([identity]) => !wanted.has(identity));
      for (const [identity] of gone) this.present.delete(identity);
      await this.lanes.part(gone.map(([, topic]) => topic));
      const fresh = [...wanted].filter(([identity]) => !this.present.has(identity));
      const joined = await Promise.allSettled(
        fresh.map(async ([identity, topic]) => {
          if (!this.taking.isResting) await this.lanes.join([topic], { start: 'earliest' });
          this.present.set(identity, topic);
        }),
      );
      // Those that could be joined are; the others are tried by the next call.
      for (const one of joined) if (one.status === 'rejected') throw one.reason;
    });
  }

  end(): Promise<void> {
    this.ending ??= this.giveUp();
    return this.ending;
  }

  private async giveUp(): Promise<void> {
    this.unfollow?.();
    this.taking.stop();
    try {
      await this.keeper.stop();
      await this.changing;
      await this.engine.end();
    } finally {
      this.order.events.onEnded();
    }
  }

  private giveBack(): Promise<void> {
    this.order.deps.givenBack.add();
    return this.inTurn(() => this.lanes.part([...this.present.values()]));
  }

  private inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.changing.then(async () => {
      if (!this.isOver) await change();
    });
    this.changing = done.catch(() => undefined);
    return done;
  }

  /** What the store says of it may have changed, or the broker has lost it: then its sessions are to come anew. */
  private async refresh(isGoneAtBroker = false): Promise<void> {
    try {
      await this.check();
      if (!isGoneAtBroker) return;
      throw new DistributionError('generation.stale', 'the broker does not have the subscription any more');
    } catch (error) {
      if (!(error instanceof DistributionError) || error.retryable) throw error;
      if (this.isOver) return;
      this.engine.pause();
      const ended = this.end();
      this.order.events.onLost(error);
      await ended;
      if (isNotFound(error)) await this.forgetAtBroker();
    }
  }

  /** Throws why it is not this process's to deliver any more; what the store throws if it does not answer. */
  private async check(): Promise<void> {
    const { subscription } = this.order;
    const known = await this.spreading.subscriptions.find(subscription.subscriptionId);
    const isSame = known !== undefined && spreadName(known) === spreadName(subscription);
    const present = isSame ? known : undefined;
    requireActive(present, subscription.subscriptionId);
    if (canonicalSelection(present) === canonicalSelection(subscription)) return;
    throw new DistributionError('generation.stale', 'it selects something else by now');
  }

  /** It is deleted; what this process may have made anew while it did not know that goes, too. */
  private async forgetAtBroker(): Promise<void> {
    await this.spreading.source.delete(spreadName(this.order.subscription)).catch(() => undefined);
  }
}

const isNotFound = (error: unknown): boolean =>
  error instanceof DistributionError && error.code === 'subscription.not_found';

/** Where it begins at the broker if that does not know it yet: where it is by what is stored, else where it was asked to. */
async function startOf(
  { subscription, start, deps }: SupplyOrder,
  topics: readonly TopicDefinition[],
): Promise<Pick<CompetingOptions, 'start' | 'from'>> {
  const stored = await deps.cursors.load(subscription.subscriptionId);
  const positions = stored.length > 0 ? stored : await firstPositions(start ?? { at: 'latest' }, topics, deps.log);
  const brokerNames = new Map(topics.map(({ name, brokerName }) => [name, brokerName]));
  const from = positions.flatMap((at) => {
    const topic = brokerNames.get(at.topic);
    return topic === undefined ? [] : [{ ...at, topic }];
  });
  // Lanes without a position are newer than those that have one.
  return { start: from.length > 0 || start?.at === 'earliest' ? 'earliest' : 'latest', from };
}
