import type {
  CursorStore,
  DurableSubscription,
  LanePosition,
  NewTopic,
  Ownership,
  OwnershipStanding,
  StoredPosition,
  SubscriptionChange,
  SubscriptionCheck,
  SubscriptionStore,
  TopicCatalog,
  TopicChange,
  TopicCheck,
  TopicDefinition,
  TopicStep,
} from '@distributary/distribution-core';
import { positionOfOffset, offsetOfPosition } from '@distributary/distribution-core';
import type { InMemoryCursorStore } from '@distributary/distribution-core/testing';
import type { Mutation } from './mutation.js';
import type { Wire } from './wire.js';

/**
 * The cursor store of a simulated world, seen from outside: whatever it answers, positions move only by the present
 * generation and never back.
 */
export class WatchedCursors {
  readonly violations: string[] = [];
  private readonly generations = new Map<string, number>();

  constructor(
    readonly inner: InMemoryCursorStore,
    private readonly mutation: Mutation | undefined,
  ) {}

  async acquire(...args: Parameters<CursorStore['acquire']>): Promise<Ownership | 'taken'> {
    const ownership = await this.inner.acquire(...args);
    if (ownership !== 'taken') {
      const known = this.generations.get(ownership.subscriptionId) ?? 0;
      if (ownership.generation <= known) this.violations.push(`generation ${ownership.generation} after ${known}`);
      this.generations.set(ownership.subscriptionId, ownership.generation);
    }
    return ownership;
  }

  async store(...args: Parameters<CursorStore['store']>): Promise<'stored' | 'stale'> {
    const { subscriptionId, generation } = args[0];
    const before = await this.inner.load(subscriptionId);
    const answer = await this.storeMutated(...args);
    const after = await this.inner.load(subscriptionId);
    for (const now of after) {
      const was = before.find(({ topic, partition }) => topic === now.topic && partition === now.partition);
      if (was?.epoch === now.epoch && was.position === now.position) continue;
      const present = this.generations.get(subscriptionId);
      if (generation !== present) {
        this.violations.push(`${subscriptionId}: generation ${generation} moved a position, the owner is ${present}`);
      }
      if (was?.epoch === now.epoch && now.position < was.position) {
        this.violations.push(`${subscriptionId}: back from ${was.position} to ${now.position}`);
      }
    }
    return answer;
  }

  private async storeMutated(...args: Parameters<CursorStore['store']>): Promise<'stored' | 'stale'> {
    const [ownership, positions, ended] = args;
    if (this.mutation === 'stores-ahead') return this.inner.store(ownership, positions.map(ahead), ended);
    const answer = await this.inner.store(...args);
    if (answer === 'stored' || this.mutation !== 'ignores-generations') return answer;
    await this.inner.place(ownership.subscriptionId, positions);
    return 'stored';
  }
}

function ahead(position: StoredPosition): StoredPosition {
  return { ...position, position: positionOfOffset((offsetOfPosition(position.position) as number) + 1) };
}

export class SimulatedCursors implements CursorStore {
  constructor(
    private readonly watched: WatchedCursors,
    private readonly wire: Wire,
  ) {}

  acquire(...args: Parameters<CursorStore['acquire']>): Promise<Ownership | 'taken'> {
    return this.wire.call(() => this.watched.acquire(...args));
  }

  renew(ownership: Ownership): Promise<'renewed' | 'lost'> {
    return this.wire.call(() => this.watched.inner.renew(ownership));
  }

  release(ownership: Ownership): Promise<void> {
    return this.wire.call(() => this.watched.inner.release(ownership));
  }

  load(subscriptionId: string): Promise<readonly LanePosition[]> {
    return this.wire.call(() => this.watched.inner.load(subscriptionId));
  }

  loadWithAbove(subscriptionId: string): Promise<readonly StoredPosition[]> {
    return this.wire.call(() => this.watched.inner.loadWithAbove(subscriptionId));
  }

  store(...args: Parameters<CursorStore['store']>): Promise<'stored' | 'stale'> {
    return this.wire.call(() => this.watched.store(...args));
  }

  rewind(subscriptionId: string, positions: readonly LanePosition[]): Promise<void> {
    return this.wire.call(() => this.watched.inner.rewind(subscriptionId, positions));
  }

  place(subscriptionId: string, positions: readonly LanePosition[]): Promise<void> {
    return this.wire.call(() => this.watched.inner.place(subscriptionId, positions));
  }

  standing(subscriptionId: string): Promise<OwnershipStanding> {
    return this.wire.call(() => this.watched.inner.standing(subscriptionId));
  }
}

export class SimulatedSubscriptions implements SubscriptionStore {
  constructor(
    private readonly inner: SubscriptionStore,
    private readonly wire: Wire,
  ) {}

  list(options?: { readonly tenant?: string }): Promise<readonly DurableSubscription[]> {
    return this.wire.call(() => this.inner.list(options));
  }

  find(subscriptionId: string): Promise<DurableSubscription | undefined> {
    return this.wire.call(() => this.inner.find(subscriptionId));
  }

  create(subscription: DurableSubscription): Promise<void> {
    return this.wire.call(() => this.inner.create(subscription));
  }

  change(subscriptionId: string, change: SubscriptionChange, check?: SubscriptionCheck): Promise<DurableSubscription> {
    return this.wire.call(() => this.inner.change(subscriptionId, change, check));
  }

  delete(subscriptionId: string, check?: SubscriptionCheck): Promise<void> {
    return this.wire.call(() => this.inner.delete(subscriptionId, check));
  }

  revisions(subscriptionIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.wire.call(() => this.inner.revisions(subscriptionIds));
  }
}

export class SimulatedCatalog implements TopicCatalog {
  constructor(
    private readonly inner: TopicCatalog,
    private readonly wire: Wire,
  ) {}

  version(): Promise<number> {
    return this.wire.call(() => this.inner.version());
  }

  list(): Promise<readonly TopicDefinition[]> {
    return this.wire.call(() => this.inner.list());
  }

  find(name: string): Promise<TopicDefinition | undefined> {
    return this.wire.call(() => this.inner.find(name));
  }

  create(topic: NewTopic, step?: TopicStep): Promise<TopicDefinition> {
    return this.wire.call(() => this.inner.create(topic, step));
  }

  change(name: string, change: TopicChange, check?: TopicCheck): Promise<TopicDefinition> {
    return this.wire.call(() => this.inner.change(name, change, check));
  }

  delete(name: string, check?: TopicCheck): Promise<void> {
    return this.wire.call(() => this.inner.delete(name, check));
  }

  undisturbed(work: () => Promise<void>): Promise<void> {
    return this.wire.call(() => this.inner.undisturbed(work));
  }
}
