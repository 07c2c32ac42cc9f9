import { DEFAULT_MAX_ATTEMPTS } from '../delivery/delivery-options.js';
import type { DeliveryOutcomes } from '../delivery/delivery-outcomes.js';
import { DEFAULT_REDELIVERY, type RedeliveryPolicy } from '../delivery/redelivery-policy.js';
import type { FanOut } from '../fan-out/fan-out.js';
import type { Member } from '../fan-out/member.js';
import type { Outlet } from '../fan-out/outlet.js';
import { laneName } from '../lane.js';
import type { Ownership, StoredPosition } from '../ports/cursor-store.port.js';
import type { Log } from '../ports/log.port.js';
import { type Metrics, noMetrics } from '../ports/metrics.port.js';
import type { LanePosition } from '../position.js';
import { AcknowledgedPositions } from './acknowledged-positions.js';
import { staleGeneration } from './durable-rules.js';
import { LaneAttempts } from './lane-attempts.js';
import { LaneRedelivery } from './lane-redelivery.js';
import { OrderedReplays } from './ordered-replays.js';
import { acquireOwnership, type OwnershipAcquisitionDependencies } from './ownership-acquisition.js';
import { OwnershipTerm } from './ownership-term.js';
import type { Replays } from './replays.js';
import { SentPositions } from './sent-positions.js';
import { onlyCumulative, type SingleAck } from './single-ack.js';
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

export interface DurableClaimDependencies extends OwnershipAcquisitionDependencies {
  readonly fanOut: FanOut;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly limits: DurableLimits;
  /** Without it, what cannot be delivered is tried for ever. */
  readonly replays?: Replays;
  readonly outcomes?: DeliveryOutcomes;
  readonly catalogVersion: () => number;
}

/**
 * The right of one session to advance one durable subscription in order, and the acknowledgements that use it: cumulative,
 * a position per lane. What is refused or not acknowledged in time is sent again, its lane alone, after a pause; an event
 * that fails too often is a dead letter, and its lane goes on after it.
 */
export class DurableClaim {
  private member: Member | undefined;
  private readonly term: OwnershipTerm;
  private readonly redelivery: LaneRedelivery;
  private readonly acknowledged: AcknowledgedPositions;
  private readonly sent = new SentPositions(() => this.member);
  private readonly attempts: LaneAttempts;
  private readonly replays: OrderedReplays | undefined;
  private readonly ackTimeoutMs: number;
  private ackedAtMs: number | undefined;
  /** Lanes that are no more, as the client was told: nothing is kept of them once it acknowledges what came after that. */
  private ended: readonly LanePosition[] = [];

  private constructor(
    ownership: Ownership,
    private readonly subscription: DurableSubscription,
    private readonly deps: DurableClaimDependencies,
    private readonly outlet: Outlet,
    /** The id that the client chose for the subscription. */
    private readonly id: string,
    private readonly onLost: () => void,
  ) {
    const { cursors, clock, ids, log, fanOut, limits, replays, outcomes, catalogVersion, metrics = noMetrics } = deps;
    const { delivery } = subscription;
    const member = () => this.member;
    const term = new OwnershipTerm(ownership, cursors, clock, {
      onSuspended: () => this.suspended(),
      onResumed: () => this.resumed(),
      onLost: () => this.lost(),
    });
    const ackTimeoutMs = delivery?.ackTimeoutMs ?? limits.ackTimeoutMs;
    const dropped = metrics.counter('dead_letters_dropped_total', 'Events that failed too often and could not be kept');
    const redelivered = metrics.counter(
      'redeliveries_total',
      'Times that events were sent again to a durable subscription',
      { order: 'lane' },
    );
    const redelivery = new LaneRedelivery({
      subscriptionId: subscription.subscriptionId,
      outcomes,
      log,
      clock,
      ids,
      redelivery: limits.redelivery ?? DEFAULT_REDELIVERY,
      dedupeWindowMs: fanOut.limits.dedupeWindowMs,
      maxAttempts: delivery?.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
      deadLetters: replays?.letters.sinkOf(subscription),
      dropped,
      redelivered,
    });
    const acknowledged = new AcknowledgedPositions({
      cursors,
      clock,
      term,
      redelivery,
      flushAfterMs: limits.ackFlushMs,
    });
    const shown = { id, member, outlet, clock, ackTimeoutMs };
    this.attempts = new LaneAttempts({
      ...shown,
      term,
      acknowledged,
      sent: this.sent,
      redelivery,
      fanOut,
      catalogVersion,
      acksBySending: subscription.deliveryGuarantee === 'at_most_once',
    });
    if (replays !== undefined) {
      this.replays = new OrderedReplays({
        ...shown,
        subscription,
        replays,
        log,
        random: () => ids.random(),
        nextMark: fanOut.nextMark,
        generation: ownership.generation,
        redelivery: limits.redelivery,
        dropped,
        redelivered,
        outcomes,
      });
    }
    this.term = term;
    this.redelivery = redelivery;
    this.acknowledged = acknowledged;
    this.ackTimeoutMs = ackTimeoutMs;
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
    const ownership = await acquireOwnership(subscription, deps, isGone, () =>
      outlet.send({ type: 'status', payload: { id, state: 'recovering' } }),
    );
    return new DurableClaim(ownership, subscription, deps, outlet, id, onLost);
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
    return this.attempts.redeliveries;
  }

  /**
   * Where lanes begin that it has not known, told before anything is sent: by the time that {@link begin} is called
   * events may be out already, and those are not acknowledged.
   */
  startAt(positions: readonly LanePosition[], ended: readonly LanePosition[] = []): void {
    for (const position of positions) this.acknowledged.startAt(position);
    if (this.subscription.deliveryGuarantee === 'at_most_once') this.acknowledged.end(ended);
    else this.ended = ended;
  }

  /** From now on the member is kept within the claim: paused already if most of the term has passed. */
  take(member: Member, stored: readonly StoredPosition[] = []): void {
    this.member = member;
    if (!this.term.isOwning) member.pause();
    for (const position of stored) {
      if (position.above !== undefined) this.redelivery.remember(laneName(position), position.above.failures);
    }
  }

  /**
   * Its first positions are stored, so that a crash resumes there. Its client was told by now that the subscription has
   * begun: it must be attached already, so that what the client says while the store works is heard, and so that the
   * client hears of it should the right be lost by then.
   */
  async begin(): Promise<void> {
    await this.acknowledged.flush();
    if (this.term.isOver) return;
    this.term.start();
    this.replays?.start();
    this.attempts.start(Math.min(1000, this.ackTimeoutMs / 4, this.deps.limits.ownershipTermMs / 3));
  }

  ack(generation: number, positions: readonly LanePosition[]): void {
    this.check(generation);
    this.sent.check(positions);
    const nowMs = this.deps.clock.monotonicMs();
    for (const position of positions) {
      if (!this.acknowledged.advance(position)) continue;
      this.ackedAtMs = nowMs;
      this.attempts.progressed(laneName(position), nowMs);
    }
    this.acknowledged.end(this.ended);
    this.ended = [];
    this.acknowledged.flushSoon();
  }

  /** What comes after the positions is sent again, of their lanes; without any, all that was not acknowledged. */
  nack(generation: number, positions: readonly LanePosition[], delayMs?: number): void {
    this.check(generation);
    this.sent.check(positions);
    const refused = positions.length > 0 ? positions : this.acknowledged.all();
    for (const position of refused) {
      const acked = this.acknowledged.of(laneName(position));
      const isAhead = acked === undefined || (acked.epoch === position.epoch && position.position > acked.position);
      void this.attempts.fail(isAhead ? position : acked, 'nacked', delayMs);
    }
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

  /** Its selection has changed: the member is another one. Lanes that it lost are nobody's business any more. */
  moveTo(member: Member): void {
    this.member = member;
    const lanes = new Set([...member.feed.lanes.keys()].map(({ lane }) => laneName(lane)));
    for (const name of this.acknowledged.lanes()) {
      if (lanes.has(name)) continue;
      this.acknowledged.forget(name);
      this.attempts.forget(name);
    }
    this.acknowledged.flushSoon();
  }

  /** Stores what was acknowledged and gives the right up. Never rejects: a claim that cannot be given up expires. */
  async release(): Promise<void> {
    if (this.term.isOver) return;
    this.attempts.acknowledgeSent();
    this.attempts.sessionEnded();
    await this.acknowledged.flush();
    this.stop();
    await this.term.release();
    this.deps.handovers?.released(this.subscription.subscriptionId);
  }

  /** Stops without storing or giving up anything: the right has ended already. */
  abandon(): void {
    this.stop();
    this.term.abandon();
  }

  private check(generation: number): void {
    if (generation !== this.generation || this.term.isOver) throw staleGeneration(generation);
  }

  private replaying(): OrderedReplays {
    if (this.replays?.isUnderWay === true) return this.replays;
    throw onlyCumulative();
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

  private stop(): void {
    this.redelivery.stop();
    this.replays?.stop();
    this.attempts.stop();
  }
}
