import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { FanOut } from '../fan-out/fan-out.js';
import type { Member } from '../fan-out/member.js';
import type { Outlet } from '../fan-out/outlet.js';
import type { Clock } from '../ports/clock.port.js';
import type { CursorStore, Ownership } from '../ports/cursor-store.port.js';
import type { IdSource } from '../ports/id-source.port.js';
import { BEFORE_FIRST, type LanePosition, type Position } from '../position.js';
import type { DurableSubscription } from './subscription.js';

export interface DurableLimits {
  /** An owner that cannot renew loses its right after this long; it stops sending at two thirds. */
  readonly ownershipTermMs: number;
  /** Acknowledgements are gathered this long before they are stored. */
  readonly ackFlushMs: number;
  /** Sent and not acknowledged, nor any progress, for this long: sent again. */
  readonly ackTimeoutMs: number;
}

export interface DurableClaimDependencies {
  readonly cursors: CursorStore;
  readonly fanOut: FanOut;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: DurableLimits;
  readonly catalogVersion: () => number;
}

const FAILOVER_RETRY_MS = 500;

/**
 * The right of one session to advance one durable subscription, and the acknowledgements that use it.
 *
 * States: waiting (failover only, another one owns it), owning, suspended (it could not be renewed in time: nothing is
 * sent until it is), released. It leaves `owning` for good when another owner took it or it was released.
 */
export class DurableClaim {
  private member: Member | undefined;
  private state: 'owning' | 'suspended' | 'released' = 'owning';
  private readonly acked = new Map<string, LanePosition>();
  private unstored = new Set<string>();
  private cancels: (() => void)[] = [];
  private storing: Promise<void> = Promise.resolve();
  private isFlushDue = false;
  private renewedAtMs: number;
  private progressAtMs: number;

  private constructor(
    private ownership: Ownership,
    private readonly deps: DurableClaimDependencies,
    private readonly outlet: Outlet,
    /** The id that the client chose for the subscription. */
    private readonly id: string,
    private readonly onLost: () => void,
  ) {
    this.renewedAtMs = deps.clock.monotonicMs();
    this.progressAtMs = this.renewedAtMs;
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
    const { cursors, clock, ids, limits } = deps;
    const ownerId = ids.uuid();
    let isWaiting = false;
    while (!isGone()) {
      const ownership = await cursors.acquire(subscription.subscriptionId, ownerId, limits.ownershipTermMs);
      if (ownership !== 'taken') return new DurableClaim(ownership, deps, outlet, id, onLost);
      if (subscription.type === 'exclusive') {
        throw new DistributionError(
          'subscription.taken',
          `${subscription.subscriptionId} is received by another session`,
          {
            retryAfterMs: limits.ownershipTermMs,
          },
        );
      }
      if (!isWaiting) outlet.send({ type: 'status', payload: { id, state: 'recovering' } });
      isWaiting = true;
      await new Promise<void>((resolve) => clock.after(FAILOVER_RETRY_MS, resolve));
    }
    throw new DistributionError('subscription.not_found', 'the subscription was ended while it waited for its turn');
  }

  get generation(): number {
    return this.ownership.generation;
  }

  /** From now on the member is kept within the claim. Its first positions are stored, so that a crash resumes there. */
  async begin(member: Member): Promise<void> {
    this.member = member;
    const { clock, limits } = this.deps;
    for (const position of member.positions()) this.note(position);
    await this.flush();
    this.every(limits.ownershipTermMs / 3, () => void this.renew());
    this.every(Math.min(1000, limits.ackTimeoutMs / 4), () => this.checkTimeout(clock.monotonicMs()));
  }

  ack(generation: number, positions: readonly LanePosition[]): void {
    this.check(generation);
    positions.forEach((position, index) => this.checkPosition(position, index));
    for (const position of positions) {
      const known = this.acked.get(laneKey(position));
      if (known === undefined || known.epoch !== position.epoch || known.position < position.position)
        this.note(position);
    }
    this.progressAtMs = this.deps.clock.monotonicMs();
    this.flushSoon();
  }

  nack(generation: number, positions: readonly LanePosition[]): void {
    this.check(generation);
    const byLane = new Map(positions.map((position) => [laneKey(position), position]));
    this.rewindTo(
      [...this.acked.values()].map((acked) => {
        const asked = byLane.get(laneKey(acked));
        return asked !== undefined && asked.epoch === acked.epoch && asked.position > acked.position ? asked : acked;
      }),
    );
  }

  /** Stores what was acknowledged and gives the right up. Never rejects: a claim that cannot be given up expires. */
  async release(): Promise<void> {
    if (this.state === 'released') return;
    await this.flush();
    this.stop();
    await this.deps.cursors.release(this.ownership).catch(() => undefined);
  }

  private note(position: LanePosition): void {
    this.acked.set(laneKey(position), position);
    this.unstored.add(laneKey(position));
  }

  private check(generation: number): void {
    if (generation !== this.ownership.generation || this.state === 'released') {
      throw new DistributionError('generation.stale', `generation ${generation} is not the present owner's`);
    }
  }

  private checkPosition(position: LanePosition, index: number): void {
    const told = this.toldIn(position);
    const path = `positions[${index}]`;
    if (told === undefined) throw invalidRequest([{ path, rule: 'must name a lane and epoch of the subscription' }]);
    if (position.position > told)
      throw invalidRequest([{ path: `${path}.position`, rule: 'must not be beyond what was sent' }]);
  }

  private toldIn({ topic, partition, epoch }: LanePosition): Position | undefined {
    for (const told of this.member?.positions() ?? []) {
      if (told.topic === topic && told.partition === partition && told.epoch === epoch) return told.position;
    }
    const lanes = this.member?.feed.lanes.keys() ?? [];
    for (const { lane } of lanes) {
      if (lane.topic === topic && lane.partition === partition && lane.epoch === epoch) return BEFORE_FIRST;
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
    if (this.unstored.size === 0 || this.state === 'released') return;
    const keys = this.unstored;
    this.unstored = new Set();
    const positions = [...keys].map((key) => this.acked.get(key) as LanePosition);
    try {
      const result = await this.deps.cursors.store(this.ownership, positions);
      if (result === 'stale') this.lose();
    } catch {
      // Not stored: with the next flush, or redelivered by the next owner.
      for (const key of keys) this.unstored.add(key);
      this.flushSoon();
    }
  }

  private async renew(): Promise<void> {
    const { clock, limits } = this.deps;
    try {
      if ((await this.deps.cursors.renew(this.ownership)) === 'lost') return this.lose();
      this.renewedAtMs = clock.monotonicMs();
      if (this.state === 'suspended') this.resume();
    } catch {
      const elapsedMs = clock.monotonicMs() - this.renewedAtMs;
      if (this.state === 'owning' && elapsedMs >= (limits.ownershipTermMs * 2) / 3 - limits.ownershipTermMs / 6)
        this.suspend();
    }
  }

  private suspend(): void {
    this.state = 'suspended';
    this.member?.pause();
    this.outlet.send({ type: 'status', payload: { id: this.id, state: 'recovering' } });
  }

  private resume(): void {
    this.state = 'owning';
    const { member } = this;
    if (member === undefined) return;
    member.standAt(member.positions());
    this.outlet.send({ type: 'status', payload: { id: this.id, state: 'live' } });
    this.deps.fanOut.serve(member);
  }

  /** Another owner has it. */
  private lose(): void {
    if (this.state === 'released') return;
    this.stop();
    this.outlet.send({
      type: 'error',
      payload: {
        id: this.id,
        code: 'generation.stale',
        message: 'another session has taken the subscription over',
        retryable: false,
      },
    });
    this.onLost();
  }

  private checkTimeout(nowMs: number): void {
    const { member } = this;
    if (member === undefined || this.state !== 'owning') return;
    const isAcked = member.positions().every((told) => {
      const acked = this.acked.get(laneKey(told));
      return acked !== undefined && acked.epoch === told.epoch && acked.position >= told.position;
    });
    if (isAcked) this.progressAtMs = nowMs;
    else if (nowMs - this.progressAtMs > this.deps.limits.ackTimeoutMs) this.rewindTo([...this.acked.values()]);
  }

  private rewindTo(positions: readonly LanePosition[]): void {
    const { member } = this;
    if (member === undefined) return;
    this.progressAtMs = this.deps.clock.monotonicMs();
    member.standAt(positions);
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
        if (this.state !== 'released') next();
      });
    };
    next();
    this.cancels.push(() => cancel());
  }

  private stop(): void {
    this.state = 'released';
    for (const cancel of this.cancels) cancel();
    this.cancels = [];
  }
}

function laneKey({ topic, partition }: LanePosition): string {
  return `${topic}#${partition}`;
}
