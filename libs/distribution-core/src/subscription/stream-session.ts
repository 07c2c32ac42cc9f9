import { effectiveSelection } from '../access/effective-selection.js';
import type { Principal } from '../access/principal.js';
import { unqualified } from '../access/tenancy.js';
import { requireWholeSelection } from '../access/whole-selection.js';
import type { Cursor } from '../cursor.js';
import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { FanOut } from '../fan-out/fan-out.js';
import type { Member } from '../fan-out/member.js';
import type { FrameEncoder, Outlet } from '../fan-out/outlet.js';
import { canonicalSelection } from '../matching/canonical-filter.js';
import type { Clock } from '../ports/clock.port.js';
import type { CursorStore } from '../ports/cursor-store.port.js';
import type { IdSource } from '../ports/id-source.port.js';
import type { Log } from '../ports/log.port.js';
import type { Metrics } from '../ports/metrics.port.js';
import type { SubscriptionType } from '../ports/queue.port.js';
import type { SubscriptionStore } from '../ports/subscription-store.port.js';
import type { DeliveryOptions } from '../delivery/delivery-options.js';
import type { LanePosition } from '../position.js';
import type { SubscriptionOutput } from '../transformation/definition.js';
import { canonicalJson } from '../transformation/json-value.js';
import type { OutputTransformation, Transformations } from '../transformation/transformations.js';
import { CompetingReader } from './competing/competing-reader.js';
import { CreditAllowance } from './competing/credit-allowance.js';
import type { CompetingSubscriptions } from './competing/competing-subscriptions.js';
import { DurableClaim, type DurableLimits } from './durable-claim.js';
import { checkActive, checkDurable, isCompeting } from './durable-rules.js';
import type { Handovers } from './handovers.js';
import { type LiveReaders, type ReaderReport, reportOf } from './live-readers.js';
import type { Replays } from './replays.js';
import { onlyCumulative, type SingleAck } from './single-ack.js';
import { type Start, StartResolution } from './start.js';
import {
  type DeliveryGuarantee,
  type DurableSubscription,
  type Selection,
  selectionOf,
  type SlowPolicy,
} from './subscription.js';

export interface SubscribeCommand {
  readonly id: string;
  readonly selection: Selection;
  readonly start: Start | undefined;
  readonly slowPolicy: SlowPolicy;
  readonly maxRate: number | undefined;
  readonly credit: number | undefined;
  /** Of a durable one that exists: absent means as it was created. */
  readonly output?: SubscriptionOutput;
  /** Makes it durable. */
  readonly durable?: {
    readonly name: string;
    readonly type: SubscriptionType;
    readonly deliveryGuarantee: DeliveryGuarantee;
    readonly subscriberService: string;
    readonly delivery?: DeliveryOptions;
  };
}

export interface AckCommand {
  readonly id: string;
  readonly generation: number;
  /** Cumulative: everything up to and including them. */
  readonly positions?: readonly LanePosition[];
  /** Instead: events one by one. */
  readonly single?: SingleAck;
  /** Refused: sent again after this long, else after the pause of the redelivery policy. */
  readonly delayMs?: number | undefined;
}

export interface StreamSessionDependencies {
  readonly fanOut: FanOut;
  readonly log: Log;
  readonly subscriptions: SubscriptionStore;
  readonly cursors: CursorStore;
  readonly competing: CompetingSubscriptions;
  /** Where sessions that receive durable subscriptions are to be found, by those who change them. */
  readonly live?: LiveReaders;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Whose session it is, to begin with. */
  readonly principal: Principal;
  readonly transformations?: Pick<Transformations, 'outputOf'>;
  readonly metrics?: Metrics;
  /** Who of this process waits for which durable subscription. */
  readonly handovers?: Handovers;
  /** Where what cannot be delivered goes, and comes back from; without it, it is tried for ever. */
  readonly replays?: Replays;
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

interface InOrder {
  readonly member: Member;
  readonly claim: DurableClaim | undefined;
  /** Of a durable one: as it was when it was attached, and how to end being told of its changes. */
  readonly subscription?: DurableSubscription;
  readonly unwatch?: (() => void) | undefined;
  readonly reader?: undefined;
}

/** In order, through a feed; or competing with other sessions for single events. */
type Attached = InOrder | { readonly reader: CompetingReader; readonly credit: CreditAllowance };

/**
 * One client connection on any transport: its subscriptions and what it asks of them. Answers go through the outlet.
 * Commands of one session may overlap; those of one subscription are refused while it is being made.
 */
export class StreamSession {
  private readonly subscriptions = new Map<string, (Attached & { readonly command: SubscribeCommand }) | 'pending'>();
  private isClosed = false;
  private refreshed: Promise<void> = Promise.resolve();
  private currentPrincipal: Principal;

  constructor(
    private readonly deps: StreamSessionDependencies,
    private readonly outlet: Outlet,
    private readonly encoder: FrameEncoder,
  ) {
    this.currentPrincipal = deps.principal;
    outlet.onRoom = () => {
      for (const attached of this.subscriptions.values()) {
        if (attached === 'pending') continue;
        if (attached.reader !== undefined) attached.reader.serve();
        else if (attached.member.state === 'behind') deps.fanOut.serve(attached.member);
      }
    };
  }

  get subscriptionCount(): number {
    return this.subscriptions.size;
  }

  get principal(): Principal {
    return this.currentPrincipal;
  }

  /**
   * The same caller with a new token. What it changes is told no more by the old permission from this moment on:
   * ephemeral subscriptions go on from where they are with what is permitted now (`subscribed` comes again); those of
   * which nothing is permitted, and durable ones, end with an error, and their client may subscribe again.
   */
  async changePrincipal(principal: Principal): Promise<void> {
    this.currentPrincipal = principal;
    const changed = [...this.subscriptions.values()].flatMap((attached) => {
      if (attached === 'pending' || !this.hasChanged(attached)) return [];
      const positions = attached.reader === undefined ? attached.member.positions() : [];
      return [{ attached, positions }];
    });
    // All at once, before anything is awaited.
    for (const { attached } of changed) if (attached.reader === undefined) this.deps.fanOut.detach(attached.member);
    for (const { attached, positions } of changed) await this.moveOrEnd(attached, positions);
  }

  async subscribe(command: SubscribeCommand): Promise<void> {
    this.check(command);
    this.subscriptions.set(command.id, 'pending');
    try {
      // Before anything is stored: what cannot be made of events must not become a durable subscription.
      await this.outputOf(command.output);
      const attached = command.durable === undefined ? await this.attach(command) : await this.attachDurable(command);
      if (this.isClosed || this.subscriptions.get(command.id) !== 'pending') await this.release(attached);
      else this.subscriptions.set(command.id, { ...attached, command });
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
  ack({ id, generation, positions, single }: AckCommand): void {
    const { reader } = this.attached(id);
    if (reader !== undefined) reader.ack(generation, single ?? {});
    else if (single !== undefined) this.claimOf(id).ackSingle(generation, single);
    else this.claimOf(id).ack(generation, positionsOf(positions));
  }

  /** What comes after the positions, or the single events, are sent again. */
  nack({ id, generation, positions, single, delayMs }: AckCommand): void {
    const { reader } = this.attached(id);
    if (reader !== undefined) reader.nack(generation, single ?? {}, delayMs);
    else if (single !== undefined) this.claimOf(id).nackSingle(generation, single, delayMs);
    else this.claimOf(id).nack(generation, positionsOf(positions), delayMs);
  }

  credit(id: string, events: number): void {
    const attached = this.attached(id);
    if (attached.reader !== undefined) {
      attached.credit.grant(events);
      return attached.reader.serve();
    }
    attached.member.grantCredit(events);
    this.deps.fanOut.serve(attached.member);
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
    if (command.durable === undefined) return;
    checkDurable(command.durable, command.slowPolicy);
    if (isCompeting(command.durable.type)) requireWholeSelection(this.currentPrincipal, command.selection);
  }

  private async attach(command: SubscribeCommand): Promise<Attached> {
    const start = command.start ?? { at: 'latest' };
    const member = await this.join(command, command.selection, start, undefined);
    return { member, claim: undefined };
  }

  private async attachDurable(command: SubscribeCommand): Promise<Attached> {
    const durable = command.durable as NonNullable<SubscribeCommand['durable']>;
    const subscription = await this.findOrCreate(command, durable);
    if (isCompeting(subscription.type)) return this.attachCompeting(command, subscription);
    const claim = await DurableClaim.acquire(
      subscription,
      this.deps,
      this.outlet,
      command.id,
      () => this.isClosed || !this.subscriptions.has(command.id),
      () => void this.recover(command.id),
    );
    try {
      // It may have waited for its turn, and have been paused or deleted meanwhile.
      await this.checkStillActive(subscription.subscriptionId);
      const stored = await this.deps.cursors.loadWithAbove(subscription.subscriptionId);
      // Lanes without a stored position are newer than the subscription: they start at their first event.
      const cursor: Cursor = { catalogVersion: -1, positions: stored };
      const start: Start = stored.length > 0 ? { at: 'cursor', cursor } : (command.start ?? { at: 'latest' });
      const member = await this.join(command, subscription, start, claim);
      await claim.begin(member, stored);
      return { member, claim, subscription, unwatch: this.watch(command, subscription.subscriptionId) };
    } catch (error) {
      await claim.release();
      throw error;
    }
  }

  private async attachCompeting(command: SubscribeCommand, subscription: DurableSubscription): Promise<Attached> {
    // What is stored may select more than was asked for now.
    requireWholeSelection(this.currentPrincipal, selectionOf(subscription));
    const { fanOut, clock, competing } = this.deps;
    const { outlet } = this;
    const encoder = await this.encoderOf(subscription.output);
    const { id } = command;
    const status = (state: 'recovering' | 'live') => outlet.send({ type: 'status', payload: { id, state } });
    const seat = await competing.join(subscription, command.start, {
      onSuspended: () => status('recovering'),
      onResumed: () => status('live'),
      onLost: () => this.lost(id),
    });
    const feed = fanOut.takeFeedNumber();
    outlet.send({
      type: 'subscribed',
      payload: {
        id,
        feed,
        catalog_version: this.deps.catalogVersion(),
        positions: [],
        recovered: 'full',
        generation: seat.generation,
        max_unacked: seat.maxUnacked,
      },
    });
    const credit = new CreditAllowance(
      command.credit ?? Number.POSITIVE_INFINITY,
      command.maxRate ?? Number.POSITIVE_INFINITY,
      clock,
    );
    const reader = new CompetingReader(seat, {
      id,
      feed: () => feed,
      allowance: credit,
      acksBySending: subscription.deliveryGuarantee === 'at_most_once',
      outlet,
      encoder,
      clock,
      nextMark: fanOut.nextMark,
    });
    return { reader, credit };
  }

  private async findOrCreate(
    command: SubscribeCommand,
    durable: NonNullable<SubscribeCommand['durable']>,
  ): Promise<DurableSubscription> {
    const { subscriptions, clock } = this.deps;
    const { tenant } = this.currentPrincipal;
    const known = await subscriptions.find(durable.name);
    if (known !== undefined) {
      if (!asksTheSame(known, command.selection)) {
        throw new DistributionError(
          'subscription.exists',
          `${unqualified(durable.name)} exists with another selection`,
          {
            problems: [{ path: 'name', rule: 'belongs to a subscription with other patterns or another filter' }],
          },
        );
      }
      if (command.output !== undefined && canonicalJson(known.output) !== canonicalJson(command.output)) {
        throw new DistributionError('subscription.exists', `${unqualified(durable.name)} exists with another output`, {
          problems: [{ path: 'name', rule: 'belongs to a subscription with another transformation, fields or format' }],
        });
      }
      checkActive(known);
      return known;
    }
    const { subscriber: _subscriber, ...selection } = command.selection;
    const created: DurableSubscription = {
      ...selection,
      subscriptionId: durable.name,
      tenant,
      subscriberService: durable.subscriberService,
      type: durable.type,
      deliveryGuarantee: durable.deliveryGuarantee,
      slowPolicy: command.slowPolicy,
      status: 'active',
      createdAtMicros: clock.nowMicros(),
      ...(durable.delivery !== undefined && { delivery: durable.delivery }),
      ...(command.output !== undefined && { output: command.output }),
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
    selection: Selection & Pick<SubscribeCommand, 'output'>,
    start: Start,
    claim: DurableClaim | undefined,
    replaces?: Member,
  ): Promise<Member> {
    const resolution = new StartResolution(start, this.deps.log);
    const encoder = await this.encoderOf('output' in selection ? selection.output : command.output);
    return this.deps.fanOut.attach({
      subscriptionId: command.id,
      policy: command.slowPolicy,
      keepsGuaranteed: claim !== undefined,
      credit: command.credit ?? Number.POSITIVE_INFINITY,
      maxRate: command.maxRate ?? Number.POSITIVE_INFINITY,
      selection: this.permitted(selection),
      encoder,
      outlet: this.outlet,
      // What it goes on with needs no start.
      startOf: (state) =>
        replaces?.positionIn(state) === undefined ? resolution.startOf(state) : Promise.resolve('live'),
      snapshot: start.at === 'snapshot',
      otherFeeds: this.feeds(command.id),
      ...(replaces !== undefined && { replaces }),
      onAttached: (member, positions) => {
        claim?.startAt(positions);
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

  /** Undefined: events go out as they are. Failure: as of {@link Transformations.outputOf}. */
  async outputOf(output: SubscriptionOutput | undefined): Promise<OutputTransformation | undefined> {
    return this.deps.transformations?.outputOf(this.currentPrincipal.tenant, output);
  }

  /** Whatever it asks for must be had before anything is written. */
  private async encoderOf(output: SubscriptionOutput | undefined): Promise<FrameEncoder> {
    const made = await this.outputOf(output);
    return made?.encoder(this.encoder) ?? this.encoder;
  }

  private permitted(selection: Selection): Selection {
    return effectiveSelection(this.currentPrincipal, 'subscribe', selectionOf(selection));
  }

  private hasChanged(attached: Attached & { readonly command: SubscribeCommand }): boolean {
    try {
      const { selection } = attached.command;
      if (attached.reader !== undefined) {
        requireWholeSelection(this.currentPrincipal, selection);
        return false;
      }
      const present = attached.member.feed.selection;
      const { subscriber } = present;
      return canonicalSelection({ ...this.permitted(selection), subscriber }) !== canonicalSelection(present);
    } catch {
      return true;
    }
  }

  private async moveOrEnd(
    attached: Attached & { readonly command: SubscribeCommand },
    positions: readonly LanePosition[],
  ): Promise<void> {
    const { command } = attached;
    const { id } = command;
    this.subscriptions.delete(id);
    try {
      this.permitted(command.selection);
      if (attached.reader !== undefined || attached.claim !== undefined) {
        throw new DistributionError('auth.forbidden', 'its permissions have changed: subscribe again');
      }
      const cursor: Cursor = { catalogVersion: this.deps.catalogVersion(), positions };
      await this.subscribe({ ...command, start: { at: 'cursor', cursor } });
    } catch (error) {
      await this.release(attached);
      const { code, message, retryable } = error as DistributionError;
      this.outlet.send({ type: 'error', payload: { id, code, message, retryable } });
    }
  }

  private watch({ id }: SubscribeCommand, subscriptionId: string): (() => void) | undefined {
    return this.deps.live?.add({
      subscriptionId,
      refresh: () => this.refresh(id),
      ack: (generation, positions) => this.claimOf(id).ack(generation, positions),
      report: () => this.report(id),
    });
  }

  private report(id: string): ReaderReport | undefined {
    const attached = this.subscriptions.get(id);
    if (attached === undefined || attached === 'pending' || attached.reader !== undefined) return undefined;
    return reportOf(attached.member, attached.claim);
  }

  /** What the stores say of a durable subscription may have changed. One after another. */
  private refresh(id: string): Promise<void> {
    const done = this.refreshed.then(() => this.refreshNow(id));
    this.refreshed = done.catch(() => undefined);
    return done;
  }

  private async refreshNow(id: string): Promise<void> {
    const attached = this.subscriptions.get(id);
    if (attached === undefined || attached === 'pending' || attached.reader !== undefined) return;
    const { claim, subscription } = attached;
    if (claim === undefined || subscription === undefined) return;
    const { subscriptionId } = subscription;
    const known = await this.deps.subscriptions.find(subscriptionId);
    const { generation } = await this.deps.cursors.standing(subscriptionId);
    // The claim may have found out by itself meanwhile, when it stored something.
    if (this.subscriptions.get(id) !== attached) return;
    if (known?.status === 'active' && generation === claim.generation) {
      if (!isEqualDelivery(known, subscription)) await this.moveToSelectionOf(id, attached, known);
      return;
    }
    if (generation === claim.generation) await claim.release();
    else claim.abandon();
    if (this.subscriptions.get(id) === attached) await this.recover(id);
  }

  /** Goes on where it stands, with what the subscription selects now. */
  private async moveToSelectionOf(
    id: string,
    attached: InOrder & { readonly command: SubscribeCommand },
    known: DurableSubscription,
  ): Promise<void> {
    const { member, claim, subscription } = attached;
    const command: SubscribeCommand = {
      ...attached.command,
      ...selectedBy(known),
      credit: member.creditLeft,
      slowPolicy: known.slowPolicy === subscription?.slowPolicy ? attached.command.slowPolicy : known.slowPolicy,
    };
    // Lanes without a stored position are newer than the subscription: they start at their first event.
    const cursor: Cursor = { catalogVersion: -1, positions: await this.deps.cursors.load(known.subscriptionId) };
    const moved = await this.join(command, known, { at: 'cursor', cursor }, claim, member);
    if (this.subscriptions.get(id) !== attached) return this.deps.fanOut.detach(moved);
    this.subscriptions.set(id, { ...attached, command, member: moved, subscription: known });
    claim?.moveTo(moved);
  }

  /**
   * The right to a durable subscription has ended. If that is because its positions were moved, it is taken up anew, in
   * another generation; else its client is told why it ends.
   */
  private async recover(id: string): Promise<void> {
    const attached = this.subscriptions.get(id);
    if (attached === undefined || attached === 'pending' || attached.reader !== undefined) return this.drop(id);
    this.deps.fanOut.detach(attached.member);
    attached.unwatch?.();
    this.subscriptions.set(id, 'pending');
    try {
      const command = await this.commandAnew(attached.command, attached.subscription as DurableSubscription);
      const again = await this.attachDurable(command);
      if (this.isClosed || this.subscriptions.get(id) !== 'pending') await this.release(again);
      else this.subscriptions.set(id, { ...again, command });
    } catch (error) {
      this.subscriptions.delete(id);
      this.outlet.send({ type: 'error', payload: endOf(id, error) });
    }
  }

  private async commandAnew(command: SubscribeCommand, { subscriptionId }: DurableSubscription) {
    const { subscriptions, cursors } = this.deps;
    const known = await subscriptions.find(subscriptionId);
    if (known === undefined) {
      throw new DistributionError('subscription.not_found', `${unqualified(subscriptionId)} has been deleted`);
    }
    checkActive(known);
    if ((await cursors.standing(subscriptionId)).ownerId !== undefined) {
      throw new DistributionError('generation.stale', 'another session has taken the subscription over');
    }
    return { ...command, ...selectedBy(known) };
  }

  /** The subscription ended by itself; its client has been told why. */
  private drop(id: string): void {
    const attached = this.subscriptions.get(id);
    this.subscriptions.delete(id);
    if (attached === undefined || attached === 'pending') return;
    if (attached.reader !== undefined) return attached.reader.stop();
    attached.unwatch?.();
    this.deps.fanOut.detach(attached.member);
  }

  /** Another process has it now. */
  private lost(id: string): void {
    const message = 'another process has taken the subscription over';
    this.outlet.send({ type: 'error', payload: { id, code: 'generation.stale', message, retryable: false } });
    this.drop(id);
  }

  private async release(attached: Attached): Promise<void> {
    if (attached.reader !== undefined) return attached.reader.close();
    attached.unwatch?.();
    this.deps.fanOut.detach(attached.member);
    await attached.claim?.release();
  }

  /** Of all but one subscription. */
  private feeds(except: string): Set<number> {
    const feeds = new Set<number>();
    for (const [id, one] of this.subscriptions) {
      if (one === 'pending' || id === except) continue;
      feeds.add(one.reader === undefined ? one.member.feed.id : one.reader.feed);
    }
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
    const attached = this.attached(id);
    const claim = attached.reader === undefined ? attached.claim : undefined;
    if (claim === undefined) {
      throw invalidRequest([{ path: 'id', rule: `${id} is not durable: only durable subscriptions are acknowledged` }]);
    }
    return claim;
  }
}

/** Whoever comes back need not say again which service they are. */
function asksTheSame(known: DurableSubscription, { topicPatterns, keyPatterns, filter }: Selection): boolean {
  const selection = [known.topicPatterns, known.keyPatterns, known.filter];
  return JSON.stringify(selection) === JSON.stringify([topicPatterns, keyPatterns, filter]);
}

function selectedBy({ output, ...subscription }: DurableSubscription): Pick<SubscribeCommand, 'selection' | 'output'> {
  return { selection: selectionOf(subscription), ...(output !== undefined && { output }) };
}

/** Whether whoever receives it notices no difference. */
function isEqualDelivery(one: DurableSubscription, other: DurableSubscription): boolean {
  return (
    canonicalSelection(one) === canonicalSelection(other) &&
    one.slowPolicy === other.slowPolicy &&
    canonicalJson(one.output) === canonicalJson(other.output)
  );
}

function endOf(id: string, error: unknown) {
  if (!(error instanceof DistributionError)) return { id, code: 'internal', message: 'it has ended', retryable: false };
  const { code, message } = error;
  return { id, code: code === 'subscription.taken' ? 'generation.stale' : code, message, retryable: false };
}

function positionsOf(positions: readonly LanePosition[] | undefined): readonly LanePosition[] {
  if (positions !== undefined) return positions;
  throw onlyCumulative();
}
