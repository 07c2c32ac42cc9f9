import type { Cursor } from '../cursor.js';
import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { FanOut } from '../fan-out/fan-out.js';
import type { Member } from '../fan-out/member.js';
import type { FrameEncoder, Outlet } from '../fan-out/outlet.js';
import type { Clock } from '../ports/clock.port.js';
import type { CursorStore } from '../ports/cursor-store.port.js';
import type { IdSource } from '../ports/id-source.port.js';
import type { Log } from '../ports/log.port.js';
import type { SubscriptionType } from '../ports/queue.port.js';
import type { SubscriptionStore } from '../ports/subscription-store.port.js';
import type { LanePosition } from '../position.js';
import { DurableClaim, type DurableLimits } from './durable-claim.js';
import { checkActive, checkDurable } from './durable-rules.js';
import { type Start, StartResolution } from './start.js';
import { type DeliveryGuarantee, type DurableSubscription, type Selection, type SlowPolicy } from './subscription.js';

export interface SubscribeCommand {
  readonly id: string;
  readonly selection: Selection;
  readonly start: Start | undefined;
  readonly slowPolicy: SlowPolicy;
  readonly maxRate: number | undefined;
  readonly credit: number | undefined;
  /** Makes it durable. */
  readonly durable?: {
    readonly name: string;
    readonly type: SubscriptionType;
    readonly deliveryGuarantee: DeliveryGuarantee;
    readonly subscriberService: string;
  };
}

export interface AckCommand {
  readonly id: string;
  readonly generation: number;
  readonly positions: readonly LanePosition[];
}

export interface StreamSessionDependencies {
  readonly fanOut: FanOut;
  readonly log: Log;
  readonly subscriptions: SubscriptionStore;
  readonly cursors: CursorStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly tenant: string;
  /** The catalog's version at this moment. */
  readonly catalogVersion: () => number;
  readonly limits: StreamSessionLimits;
}

export interface StreamSessionLimits extends DurableLimits {
  readonly maxSubscriptions: number;
}

export const DEFAULT_STREAM_SESSION_LIMITS: StreamSessionLimits = {
  maxSubscriptions: 100,
  ownershipTermMs: 9_000,
  ackFlushMs: 100,
  ackTimeoutMs: 30_000,
};

interface Attached {
  readonly member: Member;
  readonly claim: DurableClaim | undefined;
}

/**
 * One client connection on any transport: its subscriptions and what it asks of them. Answers go through the outlet.
 * Commands of one session may overlap; those of one subscription are refused while it is being made.
 */
export class StreamSession {
  private readonly subscriptions = new Map<string, Attached | 'pending'>();
  private isClosed = false;

  constructor(
    private readonly deps: StreamSessionDependencies,
    private readonly outlet: Outlet,
    private readonly encoder: FrameEncoder,
  ) {
    outlet.onRoom = () => {
      for (const attached of this.subscriptions.values()) {
        if (attached !== 'pending' && attached.member.state === 'behind') deps.fanOut.serve(attached.member);
      }
    };
  }

  get subscriptionCount(): number {
    return this.subscriptions.size;
  }

  async subscribe(command: SubscribeCommand): Promise<void> {
    this.check(command);
    this.subscriptions.set(command.id, 'pending');
    try {
      const attached = command.durable === undefined ? await this.attach(command) : await this.attachDurable(command);
      if (this.isClosed || this.subscriptions.get(command.id) !== 'pending') await this.release(attached);
      else this.subscriptions.set(command.id, attached);
    } catch (error) {
      this.subscriptions.delete(command.id);
      throw error;
    }
  }

  async unsubscribe(id: string): Promise<void> {
    const attached = this.subscriptions.get(id);
    if (attached === undefined) throw new DistributionError('subscription.not_found', `no subscription ${id} here`);
    this.subscriptions.delete(id);
    if (attached !== 'pending') await this.release(attached);
    this.outlet.send({ type: 'unsubscribed', payload: { id } });
  }

  /** Durable within a second; `generation.stale` if somebody else owns the subscription by now. */
  ack(command: AckCommand): void {
    this.claimOf(command.id).ack(command.generation, command.positions);
  }

  /** What comes after the positions is sent again. */
  nack(command: AckCommand): void {
    this.claimOf(command.id).nack(command.generation, command.positions);
  }

  credit(id: string, events: number): void {
    const { member } = this.attached(id);
    member.grantCredit(events);
    this.deps.fanOut.serve(member);
  }

  /** Ends all subscriptions; positions that were acknowledged are stored first. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    const attached = [...this.subscriptions.values()];
    this.subscriptions.clear();
    await Promise.all(attached.filter((one) => one !== 'pending').map((one) => this.release(one)));
  }

  private check(command: SubscribeCommand): void {
    if (this.isClosed) throw new DistributionError('draining', 'the session is closed');
    if (this.subscriptions.has(command.id)) {
      throw new DistributionError('subscription.exists', `this connection has a subscription ${command.id} already`);
    }
    if (this.subscriptions.size >= this.deps.limits.maxSubscriptions) {
      throw new DistributionError(
        'quota.exceeded',
        `a connection may have ${this.deps.limits.maxSubscriptions} subscriptions`,
      );
    }
    if (command.durable !== undefined) checkDurable(command.durable, command.slowPolicy);
  }

  private async attach(command: SubscribeCommand): Promise<Attached> {
    const start = command.start ?? { at: 'latest' };
    const member = await this.join(command, command.selection, start, undefined);
    return { member, claim: undefined };
  }

  private async attachDurable(command: SubscribeCommand): Promise<Attached> {
    const durable = command.durable as NonNullable<SubscribeCommand['durable']>;
    const subscription = await this.findOrCreate(command, durable);
    const claim = await DurableClaim.acquire(
      subscription,
      this.deps,
      this.outlet,
      command.id,
      () => this.isClosed || !this.subscriptions.has(command.id),
      () => this.drop(command.id),
    );
    try {
      // It may have waited for its turn, and have been paused or deleted meanwhile.
      await this.checkStillActive(subscription.subscriptionId);
      const stored = await this.deps.cursors.load(subscription.subscriptionId);
      // Lanes without a stored position are newer than the subscription: they start at their first event.
      const cursor: Cursor = { catalogVersion: -1, positions: stored };
      const start: Start = stored.length > 0 ? { at: 'cursor', cursor } : (command.start ?? { at: 'latest' });
      const member = await this.join(command, subscription, start, claim);
      await claim.begin(member);
      return { member, claim };
    } catch (error) {
      await claim.release();
      throw error;
    }
  }

  private async findOrCreate(
    command: SubscribeCommand,
    durable: NonNullable<SubscribeCommand['durable']>,
  ): Promise<DurableSubscription> {
    const { subscriptions, clock, tenant } = this.deps;
    const known = await subscriptions.find(durable.name);
    if (known !== undefined) {
      if (JSON.stringify(selectionOf(known)) !== JSON.stringify(selectionOf(command.selection))) {
        throw new DistributionError('subscription.exists', `${durable.name} exists with another selection`, {
          problems: [{ path: 'name', rule: 'belongs to a subscription with other patterns or another filter' }],
        });
      }
      checkActive(known);
      return known;
    }
    const created: DurableSubscription = {
      ...command.selection,
      subscriptionId: durable.name,
      tenant,
      subscriberService: durable.subscriberService,
      type: durable.type,
      deliveryGuarantee: durable.deliveryGuarantee,
      slowPolicy: command.slowPolicy,
      status: 'active',
      createdAtMicros: clock.nowMicros(),
    };
    await subscriptions.create(created);
    return created;
  }

  private async checkStillActive(subscriptionId: string): Promise<void> {
    const known = await this.deps.subscriptions.find(subscriptionId);
    if (known === undefined) {
      throw new DistributionError('subscription.not_found', `${subscriptionId} has been deleted`);
    }
    checkActive(known);
  }

  private async join(
    command: SubscribeCommand,
    selection: Selection,
    start: Start,
    claim: DurableClaim | undefined,
  ): Promise<Member> {
    const resolution = new StartResolution(start, this.deps.log);
    return this.deps.fanOut.attach({
      subscriptionId: command.id,
      policy: command.slowPolicy,
      credit: command.credit ?? Number.POSITIVE_INFINITY,
      maxRate: command.maxRate ?? Number.POSITIVE_INFINITY,
      selection: selectionOf(selection),
      encoder: this.encoder,
      outlet: this.outlet,
      startOf: resolution.startOf,
      snapshot: start.at === 'snapshot',
      otherFeeds: this.feeds(),
      onAttached: (member, positions) => {
        this.outlet.send({
          type: 'subscribed',
          payload: {
            id: command.id,
            feed: member.feed.id,
            catalog_version: this.deps.catalogVersion(),
            positions,
            recovered: resolution.recovered,
            ...(claim === undefined ? {} : { generation: claim.generation }),
          },
        });
        for (const { state, reason } of resolution.lost) {
          const { topic, partition, epoch } = state.lane;
          const gap = { lane: `${topic}#${partition}`, epoch, from: '', to: '', reason };
          this.outlet.send({ type: 'gap', payload: { feed: member.feed.id, id: command.id, ...gap } });
        }
      },
    });
  }

  /** The subscription ended by itself; its client has been told why. */
  private drop(id: string): void {
    const attached = this.subscriptions.get(id);
    this.subscriptions.delete(id);
    if (attached !== undefined && attached !== 'pending') this.deps.fanOut.detach(attached.member);
  }

  private async release(attached: Attached): Promise<void> {
    this.deps.fanOut.detach(attached.member);
    await attached.claim?.release();
  }

  private feeds(): Set<number> {
    const feeds = new Set<number>();
    for (const one of this.subscriptions.values()) if (one !== 'pending') feeds.add(one.member.feed.id);
    return feeds;
  }

  private attached(id: string): Attached {
    const attached = this.subscriptions.get(id);
    if (attached === undefined || attached === 'pending') {
      throw new DistributionError('subscription.not_found', `no subscription ${id} here`);
    }
    return attached;
  }

  private claimOf(id: string): DurableClaim {
    const { claim } = this.attached(id);
    if (claim === undefined) {
      throw invalidRequest([{ path: 'id', rule: `${id} is not durable: only durable subscriptions are acknowledged` }]);
    }
    return claim;
  }
}

function selectionOf({ topicPatterns, keyPatterns, filter }: Selection): Selection {
  return { topicPatterns, keyPatterns, filter };
}
