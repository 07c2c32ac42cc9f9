import type { PositionKeeper } from '../../delivery/queue/position-keeper.js';
import { QueueSubscription } from '../../delivery/queue/queue-subscription.js';
import { DistributionError } from '../../errors/distribution-error.js';
import type { TopicDefinition } from '../../ports/topic-catalog.port.js';
import { OwnershipTerm } from '../ownership-term.js';
import { takenElsewhere } from '../taken-elsewhere.js';
import { firstPositions } from './first-positions.js';
import {
  byIdentity,
  enginePartsOf,
  queueOptionsOf,
  requiredTopics,
  type Supply,
  type SupplyOrder,
  topicsOf,
} from './supply.js';

/**
 * From the log, while this process alone has the right to the subscription: over a log that has no machinery to share its
 * lanes between processes.
 */
export class SoleSupply implements Supply {
  private endReplays: (() => void) | undefined;
  private ending: Promise<void> | undefined;

  private constructor(
    readonly engine: QueueSubscription,
    private readonly order: SupplyOrder,
    private readonly term: OwnershipTerm,
    private readonly brokerNames: Map<string, string>,
    private present: ReadonlyMap<string, TopicDefinition>,
  ) {}

  /** `subscription.taken` while another process receives it; `topic.not_found` if no topic matches. */
  static async open(order: SupplyOrder): Promise<SoleSupply> {
    const { subscription, ownerId, deps } = order;
    const { cursors, clock, limits } = deps;
    const { subscriptionId } = subscription;
    const wanted = requiredTopics(order);
    const ownership = await cursors.acquire(subscriptionId, ownerId, limits.ownershipTermMs);
    if (ownership === 'taken') {
      const message = `${subscriptionId} is received in another process`;
      throw await takenElsewhere(subscriptionId, message, cursors, limits.ownershipTermMs);
    }
    // The term tells whoever is there by then.
    const opened: { supply?: SoleSupply } = {};
    const term = new OwnershipTerm(ownership, cursors, clock, {
      onSuspended: () => opened.supply?.suspended(),
      onResumed: () => opened.supply?.resumed(),
      onLost: () => opened.supply?.lost(),
    });
    let engine: QueueSubscription | undefined;
    try {
      const brokerNames = brokerNamesOf(wanted);
      engine = await openEngine(order, wanted, brokerNames, term);
      const supply = new SoleSupply(engine, order, term, brokerNames, byIdentity(wanted));
      opened.supply = supply;
      supply.endReplays = await deps.replays?.attach(subscription, engine);
      term.start();
      // It took most of the term to get here.
      if (!term.isOwning) engine.pause();
      return supply;
    } catch (error) {
      await engine?.end();
      await term.release();
      throw error;
    }
  }

  get generation(): number {
    return this.term.generation;
  }

  get isOver(): boolean {
    return this.term.isOver || this.ending !== undefined;
  }

  async topicsChanged(topics: readonly TopicDefinition[]): Promise<void> {
    if (this.isOver) return;
    const wanted = topicsOf(this.order.subscription, topics);
    const present = byIdentity(wanted);
    const gone = [...this.present].filter(([identity]) => !present.has(identity));
    await this.engine.part(gone.map(([, topic]) => topic.name));
    for (const [name, brokerName] of brokerNamesOf(wanted)) this.brokerNames.set(name, brokerName);
    this.present = present;
    await this.engine.extend(wanted.map((topic) => topic.name));
  }

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
      this.order.events.onEnded();
    }
  }

  private suspended(): void {
    this.engine.pause();
    this.order.events.onSuspended();
  }

  private resumed(): void {
    this.engine.resume();
    this.order.events.onResumed();
  }

  private lost(): void {
    this.engine.pause();
    void this.end();
    const message = 'another process has taken the subscription over';
    this.order.events.onLost(new DistributionError('generation.stale', message));
  }
}

function brokerNamesOf(topics: readonly TopicDefinition[]): Map<string, string> {
  return new Map(topics.map((topic) => [topic.name, topic.brokerName]));
}

async function openEngine(
  order: SupplyOrder,
  topics: readonly TopicDefinition[],
  brokerNames: ReadonlyMap<string, string>,
  term: OwnershipTerm,
): Promise<QueueSubscription> {
  const { log, cursors } = order.deps;
  const { subscriptionId } = order.subscription;
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
  const isKnown = (await positions.load()).length > 0;
  if (!isKnown) {
    const first = await firstPositions(order.start ?? { at: 'latest' }, topics, log);
    if (first.length > 0) await positions.store(first);
  }
  const options = queueOptionsOf(order, topics);
  // Lanes without a position are newer than those that have one.
  return QueueSubscription.open(isKnown ? { ...options, start: 'earliest' } : options, {
    ...enginePartsOf(order),
    positions,
    brokerName: (topic) => brokerNames.get(topic) ?? topic,
  });
}
