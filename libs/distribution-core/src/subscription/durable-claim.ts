import type { DeadLetterReason } from '../delivery/dead-letter.js';
import { DEFAULT_MAX_ATTEMPTS } from '../delivery/delivery-options.js';
import { DEFAULT_REDELIVERY, type RedeliveryPolicy } from '../delivery/redelivery-policy.js';
import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { FanOut } from '../fan-out/fan-out.js';
import type { FeedLane } from '../fan-out/feed.js';
import type { Member } from '../fan-out/member.js';
import type { Outlet } from '../fan-out/outlet.js';
import { laneName, type LaneName } from '../lane.js';
import type { Clock } from '../ports/clock.port.js';
import type { CursorStore, Ownership, StoredPosition } from '../ports/cursor-store.port.js';
import type { IdSource } from '../ports/id-source.port.js';
import type { Log } from '../ports/log.port.js';
import { type Metrics, noMetrics } from '../ports/metrics.port.js';
import { BEFORE_FIRST, type LanePosition, type Position } from '../position.js';
import type { Handovers } from './handovers.js';
import { LaneRedelivery } from './lane-redelivery.js';
import { OrderedReplays } from './ordered-replays.js';
import { OwnershipTerm } from './ownership-term.js';
import type { Replays } from './replays.js';
import type { SingleAck } from './single-ack.js';
import type { DurableSubscription } from './subscription.js';

export interface DurableLimits {
  /** An owner that cannot renew loses its right after this long; it stops sending at two thirds. */
  readonly ownershipTermMs: number;
  /** Acknowledgements are gathered this long before they are stored. */
  readonly ackFlushMs: number;
  /** Sent and not acknowledged, nor any progress of its lane, for this long: sent again. */
  readonly ackTimeoutMs: number;
  /** Pauses between attempts. */
  readonly redelivery?: RedeliveryPolicy;
}

export interface DurableClaimDependencies {
  readonly cursors: CursorStore;
  readonly fanOut: FanOut;
  readonly log: Log;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics?: Metrics;
  readonly limits: DurableLimits;
  readonly handovers?: Handovers;
  /** Without it, what cannot be delivered is tried for ever. */
  readonly replays?: Replays;
  readonly catalogVersion: () => number;
}

/** Owners in other processes are asked for this often. */
const FAILOVER_RETRY_MS = 500;

/**
 * The right of one session to advance one durable subscription in order, and the acknowledgements that use it: cumulative,
 * a position per lane. What is refused or not acknowledged in time is sent again, its lane alone, after a pause; an event
 * that fails too often is a dead letter, and its lane goes on after it.
 */
export class DurableClaim {
  private member: Member | undefined;
  private readonly acked = new Map<LaneName, LanePosition>();
  /** Monotonic, by lane: since when nothing that is out was acknowledged. */
  private readonly progressAtMs = new Map<LaneName, number>();
  /** Lanes whose failure is being dealt with. */
  private readonly failing = new Set<LaneName>();
  /** By lane: the furthest that was ever sent, which may be acknowledged though it is about to be sent again. */
  private readonly sentUpTo = new Map<LaneName, Position>();
  private readonly rewinds = new Set<() => void>();
  private unstored = new Set<LaneName>();
  private cancels: (() => void)[] = [];
  private storing: Promise<void> = Promise.resolve();
  private redeliveryCount = 0;
  private ackedAtMs: number | undefined;
  private isFlushDue = false;
  private readonly term: OwnershipTerm;
  private readonly redelivery: LaneRedelivery;
  private readonly replays: OrderedReplays | undefined;
  private readonly ackTimeoutMs: number;

  private constructor(
    ownership: Ownership,
    private readonly subscription: DurableSubscription,
    private readonly deps: DurableClaimDependencies,
    private readonly outlet: Outlet,
    /** The id that the client chose for the subscription. */
    private readonly id: string,
    private readonly onLost: () => void,
  ) {
    const { cursors, clock, limits, fanOut, metrics = noMetrics } = deps;
    this.term = new OwnershipTerm(ownership, cursors, clock, {
      onSuspended: () => this.suspended(),
      onResumed: () => this.resumed(),
      onLost: () => this.lost(),
    });
    this.ackTimeoutMs = subscription.delivery?.ackTimeoutMs ?? limits.ackTimeoutMs;
    const dropped = metrics.counter('dead_letters_dropped_total', 'Events that failed too often and could not be kept');
    const redelivered = metrics.counter(
      'redeliveries_total',
      'Times that events were sent again to a durable subscription',
      { order: 'lane' },
    );
    const { log, ids, replays } = deps;
    if (replays !== undefined) {
      this.replays = new OrderedReplays({
        subscription,
        replays,
        id,
        outlet,
        log,
        clock,
        random: () => ids.random(),
        nextMark: fanOut.nextMark,
        generation: ownership.generation,
        ackTimeoutMs: this.ackTimeoutMs,
        redelivery: limits.redelivery,
        dropped,
        redelivered,
        member: () => this.member,
      });
    }
    this.redelivery = new LaneRedelivery({
      log,
      clock,
      ids,
      redelivery: limits.redelivery ?? DEFAULT_REDELIVERY,
      dedupeWindowMs: fanOut.limits.dedupeWindowMs,
      maxAttempts: subscription.delivery?.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
      deadLetters: replays?.letters.sinkOf(subscription),
      dropped,
      redelivered,
    });
  }

  /** Exclusive: `subscription.taken` if there is an owner. Failover: waits for its turn, or until `isGone`. */
  static async acquire(
    subscription: DurableSubscription,
    deps: DurableClaimDependencies,
    outlet: Outlet,
    id: string,
    isGone: () => boolean,
    onLost: () => void,
  ): Promise<DurableClaim> {
    const { cursors, ids, limits } = deps;
    const { subscriptionId } = subscription;
    const ownerId = ids.uuid();
    let isWaiting = false;
    while (!isGone()) {
      const ownership = await cursors.acquire(subscriptionId, ownerId, limits.ownershipTermMs);
      if (ownership !== 'taken') return new DurableClaim(ownership, subscription, deps, outlet, id, onLost);
      if (subscription.type === 'exclusive') {
        throw new DistributionError('subscription.taken', `${subscriptionId} is received by another session`, {
          retryAfterMs: limits.ownershipTermMs,
        });
      }
      if (!isWaiting) outlet.send({ type: 'status', payload: { id, state: 'recovering' } });
      isWaiting = true;
      await untilReleased(subscriptionId, deps);
    }
    // It was woken for nothing: the next one may have its turn.
    deps.handovers?.released(subscriptionId);
    throw new DistributionError('subscription.not_found', 'the subscription was ended while it waited for its turn');
  }

  get generation(): number {
    return this.term.generation;
  }

  /** Since something new was acknowledged; undefined if nothing was. */
  get sinceAckMs(): number | undefined {
    return this.ackedAtMs === undefined ? undefined : this.deps.clock.monotonicMs() - this.ackedAtMs;
  }

  /** How often a lane was sent again, because it was not acknowledged in time or refused. */
  get redeliveries(): number {
    return this.redeliveryCount;
  }

  /**
   * Where lanes begin that it has not known, told before anything is sent: by the time that {@link begin} is called
   * events may be out already, and those are not acknowledged.
   */
  startAt(positions: readonly LanePosition[]): void {
    for (const position of positions) {
      const known = this.acked.get(laneName(position));
      if (known === undefined || known.epoch !== position.epoch) this.note(position);
    }
  }

  /** From now on the member is kept within the claim. Its first positions are stored, so that a crash resumes there. */
  async begin(member: Member, stored: readonly StoredPosition[] = []): Promise<void> {
    this.member = member;
    const { limits } = this.deps;
    for (const position of stored) {
      if (position.above !== undefined) this.redelivery.remember(laneName(position), position.above.failures);
    }
    await this.flush();
    if (this.term.isOver) return;
    this.term.start();
    this.replays?.start();
    this.every(Math.min(1000, this.ackTimeoutMs / 4, limits.ownershipTermMs / 3), () => this.checkTimeouts());
  }

  ack(generation: number, positions: readonly LanePosition[]): void {
    this.check(generation);
    positions.forEach((position, index) => this.checkPosition(position, index));
    const nowMs = this.deps.clock.monotonicMs();
    for (const position of positions) {
      const name = laneName(position);
      const known = this.acked.get(name);
      if (known !== undefined && known.epoch === position.epoch && known.position >= position.position) continue;
      this.note(position);
      this.ackedAtMs = nowMs;
      this.progressAtMs.set(name, nowMs);
    }
    this.flushSoon();
  }

  /** Of letters that are replayed, which move no position; others are acknowledged cumulatively. */
  ackSingle(generation: number, acked: SingleAck): void {
    this.check(generation);
    this.replaying().ack(acked);
  }

  nackSingle(generation: number, refused: SingleAck, delayMs: number | undefined): void {
    this.check(generation);
    this.replaying().nack(refused, delayMs);
  }

  /** What comes after the positions is sent again, of their lanes; without any, all that was not acknowledged. */
  nack(generation: number, positions: readonly LanePosition[], delayMs?: number): void {
    this.check(generation);
    positions.forEach((position, index) => this.checkPosition(position, index));
    const refused = positions.length > 0 ? positions : [...this.acked.values()];
    for (const position of refused) {
      const acked = this.acked.get(laneName(position));
      const isAhead = acked === undefined || (acked.epoch === position.epoch && position.position > acked.position);
      void this.fail(isAhead ? position : acked, 'nacked', delayMs);
    }
  }

  /** Stores what was acknowledged and gives the right up. Never rejects: a claim that cannot be given up expires. */
  async release(): Promise<void> {
    if (this.term.isOver) return;
    if (this.subscription.deliveryGuarantee === 'at_most_once') this.noteAllTold();
    await this.flush();
    this.stop();
    await this.term.release();
    this.deps.handovers?.released(this.subscription.subscriptionId);
  }

  /** Its selection has changed: the member is another one. Lanes that it lost are nobody's business any more. */
  moveTo(member: Member): void {
    this.member = member;
    const lanes = new Set([...member.feed.lanes.keys()].map(({ lane }) => laneName(lane)));
    for (const name of [...this.acked.keys()].filter((known) => !lanes.has(known))) {
      this.acked.delete(name);
      this.unstored.delete(name);
      this.progressAtMs.delete(name);
    }
    this.flushSoon();
  }

  /** Stops without storing or giving up anything: the right has ended already. */
  abandon(): void {
    this.stop();
    this.term.abandon();
  }

  private replaying(): OrderedReplays {
    if (this.replays?.isUnderWay === true) return this.replays;
    throw invalidRequest([
      { path: 'event_ids', rule: 'exclusive and failover are acknowledged cumulatively: name positions or a cursor' },
    ]);
  }

  private note(position: LanePosition): void {
    const name = laneName(position);
    this.acked.set(name, position);
    this.unstored.add(name);
  }

  private check(generation: number): void {
    if (generation !== this.generation || this.term.isOver) {
      throw new DistributionError('generation.stale', `generation ${generation} is not the present owner's`);
    }
  }

  private checkPosition(position: LanePosition, index: number): void {
    const told = this.toldIn(position);
    const path = `positions[${index}]`;
    if (told === undefined) throw invalidRequest([{ path, rule: 'must name a lane and epoch of the subscription' }]);
    const sent = this.sentUpTo.get(laneName(position)) ?? BEFORE_FIRST;
    if (position.position > told && position.position > sent)
      throw invalidRequest([{ path: `${path}.position`, rule: 'must not be beyond what was sent' }]);
  }

  private toldIn(position: LanePosition): Position | undefined {
    for (const told of this.member?.positions() ?? []) if (isSameLane(told, position)) return told.position;
    return this.laneOf(position) === undefined ? undefined : BEFORE_FIRST;
  }

  private laneOf(position: LanePosition): FeedLane | undefined {
    for (const lane of this.member?.feed.lanes.values() ?? []) {
      if (isSameLane(lane.state.lane, position)) return lane;
    }
    return undefined;
  }

  private flushSoon(): void {
    if (this.isFlushDue) return;
    this.isFlushDue = true;
    this.deps.clock.after(this.deps.limits.ackFlushMs, () => void this.flush());
  }

  /** One store at a time; what comes meanwhile goes with the next. */
  private flush(): Promise<void> {
    this.isFlushDue = false;
    this.storing = this.storing.then(() => this.storeNow());
    return this.storing;
  }

  private async storeNow(): Promise<void> {
    if (this.unstored.size === 0 || this.term.isOver) return;
    const names = this.unstored;
    this.unstored = new Set();
    const positions = [...names].filter((name) => this.acked.has(name)).map((name) => this.storedOf(name));
    if (positions.length === 0) return;
    try {
      if ((await this.deps.cursors.store(this.term.ownership, positions)) === 'stale') this.term.lose();
    } catch {
      // Not stored: with the next flush, or redelivered by the next owner.
      for (const name of names) this.unstored.add(name);
      this.flushSoon();
    }
  }

  /** With how often the event that blocks the lane has failed, so that a later owner counts on. */
  private storedOf(name: LaneName): StoredPosition {
    const position = this.acked.get(name) as LanePosition;
    const failing = this.redelivery.failuresOf(name);
    if (failing === undefined || failing.position <= position.position) return position;
    return { ...position, above: { acked: [], failures: { [failing.position]: failing.count } } };
  }

  private suspended(): void {
    this.member?.pause();
    this.outlet.send({ type: 'status', payload: { id: this.id, state: 'recovering' } });
  }

  private resumed(): void {
    const { member } = this;
    if (member === undefined) return;
    member.standAt(member.positions());
    this.outlet.send({ type: 'status', payload: { id: this.id, state: 'live' } });
    this.deps.fanOut.serve(member);
  }

  /** Another owner has it, or the positions were moved, or it is paused or gone: `onLost` finds out. */
  private lost(): void {
    this.stop();
    this.onLost();
  }

  private checkTimeouts(): void {
    const { member } = this;
    if (member === undefined || !this.term.isOwning) return;
    if (this.subscription.deliveryGuarantee === 'at_most_once') {
      this.noteAllTold();
      return this.flushSoon();
    }
    const nowMs = this.deps.clock.monotonicMs();
    for (const told of member.positions()) {
      const name = laneName(told);
      const acked = this.acked.get(name);
      const since = this.progressAtMs.get(name);
      const isDone = acked !== undefined && acked.epoch === told.epoch && acked.position >= told.position;
      if (isDone) this.progressAtMs.delete(name);
      else if (since === undefined) this.progressAtMs.set(name, nowMs);
      else if (nowMs - since >= this.ackTimeoutMs) {
        void this.fail(acked ?? { ...told, position: BEFORE_FIRST }, 'ack_timeout', undefined);
      }
    }
  }

  /** At most once: what was sent counts. */
  private noteAllTold(): void {
    for (const told of this.member?.positions() ?? []) {
      const known = this.acked.get(laneName(told));
      if (known === undefined || known.epoch !== told.epoch || known.position < told.position) this.note(told);
    }
  }

  /** The attempt that sent what comes after the position came to nothing. */
  private async fail(from: LanePosition, reason: DeadLetterReason, delayMs: number | undefined): Promise<void> {
    const { member } = this;
    const name = laneName(from);
    const lane = this.laneOf(from);
    const upTo = this.toldIn(from) ?? BEFORE_FIRST;
    if (member === undefined || lane === undefined || upTo <= from.position || this.failing.has(name)) return;
    this.failing.add(name);
    if (upTo > (this.sentUpTo.get(name) ?? BEFORE_FIRST)) this.sentUpTo.set(name, upTo);
    member.hold(lane);
    const outcome = await this.redelivery
      .failed(name, member, lane, from.position, upTo, reason)
      // The broker does not answer: the same again, uncounted.
      .catch(() => ({ kind: 'again', from: from.position, delayMs: 500 }) as const);
    this.failing.delete(name);
    if (this.term.isOver || outcome.kind === 'stopped' || member.state === 'gone') return;
    const { topic, partition, epoch } = from;
    const at = (position: Position): LanePosition => ({ topic, partition, epoch, position });
    if (outcome.kind === 'again') {
      this.unstored.add(name);
      if (this.acked.has(name)) this.flushSoon();
      return this.rewindLater(lane, at(outcome.from), delayMs ?? outcome.delayMs);
    }
    this.note(at(outcome.kind === 'buried' ? outcome.position : outcome.upTo));
    this.flushSoon();
    this.progressAtMs.delete(name);
    if (outcome.kind === 'buried') return this.rewindLater(lane, at(outcome.position), 0);
    member.letGo(lane);
    this.deps.fanOut.serve(member);
  }

  private rewindLater(lane: FeedLane, to: LanePosition, delayMs: number): void {
    const rewind = () => {
      if (!this.term.isOver) this.rewind(lane, to);
    };
    if (delayMs <= 0) return rewind();
    const cancel = this.deps.clock.after(delayMs, () => {
      this.rewinds.delete(cancel);
      rewind();
    });
    this.rewinds.add(cancel);
  }

  private rewind(lane: FeedLane, from: LanePosition): void {
    const { member } = this;
    if (member === undefined || member.state === 'gone') return;
    // An acknowledgement may have come in the pause.
    const acked = this.acked.get(laneName(from));
    const to = acked?.epoch === from.epoch && acked.position > from.position ? acked : from;
    this.progressAtMs.set(laneName(to), this.deps.clock.monotonicMs());
    this.redeliveryCount++;
    const others = member.positions().filter((told) => !isSameLane(told, to));
    const isPaused = member.state === 'paused';
    member.standAt([...others, to]);
    if (isPaused) member.pause();
    member.letGo(lane);
    this.outlet.send({
      type: 'subscribed',
      payload: {
        id: this.id,
        feed: member.feed.id,
        catalog_version: this.deps.catalogVersion(),
        positions: member.positions(),
        recovered: 'full',
        generation: this.generation,
      },
    });
    this.deps.fanOut.serve(member);
  }

  private every(ms: number, action: () => void): void {
    let cancel: () => void = () => undefined;
    const next = () => {
      cancel = this.deps.clock.after(ms, () => {
        action();
        if (!this.term.isOver) next();
      });
    };
    next();
    this.cancels.push(() => cancel());
  }

  private stop(): void {
    this.redelivery.stop();
    this.replays?.stop();
    for (const cancel of [...this.cancels, ...this.rewinds]) cancel();
    this.cancels = [];
    this.rewinds.clear();
  }
}

function isSameLane(one: Omit<LanePosition, 'position'>, other: Omit<LanePosition, 'position'>): boolean {
  return one.topic === other.topic && one.partition === other.partition && one.epoch === other.epoch;
}

function untilReleased(subscriptionId: string, { clock, handovers }: DurableClaimDependencies): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      end?.();
      resolve();
    };
    const cancel = clock.after(FAILOVER_RETRY_MS, done);
    const end = handovers?.wait(subscriptionId, done);
  });
}
