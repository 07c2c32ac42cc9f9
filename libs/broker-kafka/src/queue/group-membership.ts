import {
  assignLanes,
  type Clock,
  DistributionError,
  type GroupMember,
  invalidRequest,
  type LaneClaimant,
  type LaneGrant,
  type LaneGroupEvents,
  type LaneGroupOptions,
  type LaneMembership,
  laneName,
} from '@distributary/distribution-core';
import { type GroupCoordinator, type GroupError, type Joined } from './group-coordinator.js';
import { groupErrorOf, staleGeneration } from './group-errors.js';
import { type GroupTimes, rebalanceTimeoutMs } from './group-times.js';
import { decodeGrant, decodeIntroduction, encodeGrant, encodeIntroduction } from './group-wire.js';
import { HeldLanes } from './held-lanes.js';
import { Nudge } from './nudge.js';

const RETRY_MS = [50, 100, 250, 500, 1000];
/** Between heartbeats while lanes of this member are still with others: they may have been given up by now. */
const WAITING_MS = 100;

/**
 * - `joining`: a join is to be sent, or waits for its answer. The member it was before may commit.
 * - `syncing`: the group has a new generation, what it gives to whom is not known: commits wait.
 * - `member`: heartbeats. Left for `joining` when the group changes or wants lanes back, or its topics change.
 * - `over`: left, refused or denied.
 */
type State = 'joining' | 'syncing' | 'member' | 'over';

/**
 * One process's part in a group, over Kafka's group protocol, with hand-over as KIP-429 has it: a lane that is to move stays
 * with its member until that one has given it up, and nobody else pauses.
 *
 * Whether a lane is lost is never decided here by time: a member that hears nothing is suspended, and what it commits is
 * judged by the broker. That way a broker that is away for a moment costs no lane and no copy.
 */
export class GroupMembership implements LaneMembership {
  private state: State = 'joining';
  private memberId = '';
  private generation = -1;
  private hasWaiting = false;
  private isJoinDue = true;
  private isStopping = false;
  private failures = 0;
  private topics: readonly string[];
  private readonly sinceMicros: number;
  private readonly held: HeldLanes;
  private readonly nudge: Nudge;
  private readonly changed = new Set<() => void>();
  private cancelSuspension: () => void = () => undefined;
  private isSuspended = false;
  private wasMember = false;
  private finished: Promise<void> = Promise.resolve();
  private admission: Promise<void> = Promise.resolve();
  private end: DistributionError | undefined;
  private leaving: Promise<void> | undefined;
  private onOver: () => void = () => undefined;
  /** Resolves when nothing of it is left. */
  readonly over = new Promise<void>((resolve) => (this.onOver = resolve));

  constructor(
    private readonly coordinator: GroupCoordinator,
    private readonly options: LaneGroupOptions,
    private readonly events: LaneGroupEvents,
    private readonly clock: Clock,
    private readonly times: GroupTimes,
  ) {
    this.topics = options.topics;
    this.sinceMicros = clock.nowMicros();
    this.held = new HeldLanes(events, clock, times.revokeWaitMs);
    this.nudge = new Nudge(clock);
  }

  start(): void {
    this.finished = this.run();
    this.admission = this.admitted();
    this.admission.catch(() => undefined);
  }

  ready(): Promise<void> {
    return this.admission;
  }

  private async admitted(): Promise<void> {
    const deadlineMs = this.clock.monotonicMs() + rebalanceTimeoutMs(this.times) + this.times.sessionTimeoutMs;
    while (this.state !== 'member' && this.state !== 'over') {
      if (this.clock.monotonicMs() >= deadlineMs) {
        this.fail(new DistributionError('broker.unavailable', 'the group did not take this process in'));
        break;
      }
      await this.nextChange(deadlineMs);
    }
    await this.held.taken();
    if (this.end !== undefined) {
      await this.leave();
      throw this.end;
    }
  }

  async member(refused?: GroupMember): Promise<GroupMember> {
    const deadlineMs = this.clock.monotonicMs() + rebalanceTimeoutMs(this.times);
    // The broker knows more than this member does: ask at once.
    if (refused !== undefined) this.nudge.now();
    for (let asked = refused === undefined; ; asked = true) {
      if (this.state === 'over') throw staleGeneration('this process has left the group');
      // Forgotten: what it was given then it has no more, whatever it is given when it has joined anew.
      if (this.generation < 0) throw staleGeneration('this process is no member any more');
      if (refused !== undefined && refused.memberId !== this.memberId)
        throw staleGeneration('the group went on without it');
      const isNewer = refused === undefined || this.generation > refused.generation;
      const isKnown = this.state === 'member' || (this.state === 'joining' && this.generation >= 0);
      if (isKnown && (isNewer || (asked && this.state === 'member'))) {
        return { memberId: this.memberId, generation: this.generation };
      }
      if (this.clock.monotonicMs() >= deadlineMs) {
        throw new DistributionError('broker.unavailable', 'the group does not settle');
      }
      await this.nextChange(deadlineMs);
    }
  }

  setTopics(topics: readonly string[]): void {
    this.topics = topics;
    this.isJoinDue = true;
    this.nudge.now();
  }

  leave(): Promise<void> {
    this.leaving ??= this.giveUp();
    return this.leaving;
  }

  private async giveUp(): Promise<void> {
    // Heartbeats go on meanwhile, so that what is acknowledged can still be stored.
    if (this.state !== 'over') await this.held.revoke(this.held.all());
    this.isStopping = true;
    this.nudge.now();
    if (this.memberId !== '') await this.coordinator.leave(this.memberId).catch(() => undefined);
    // Ends a join that waits for others.
    await this.coordinator.close().catch(() => undefined);
    await this.finished;
    this.become('over');
    this.cancelSuspension();
    this.onOver();
  }

  private async run(): Promise<void> {
    while (!this.isStopping && this.state !== 'over') {
      try {
        if (this.isJoinDue && !this.held.isReleasing) await this.join();
        else await this.beat();
        this.failures = 0;
        this.changes();
        if (this.isJoinDue && !this.held.isReleasing) continue;
        await this.nudge.wait(this.hasWaiting || this.isJoinDue ? WAITING_MS : this.times.sessionTimeoutMs / 8);
      } catch (error) {
        await this.recover(groupErrorOf(error));
      }
    }
  }

  private async beat(): Promise<void> {
    const askedAtMs = this.clock.monotonicMs();
    try {
      await this.coordinator.heartbeat(this.present());
    } catch (error) {
      // While its lanes are on their way out the group waits for this member, which shows that it is there.
      if (!this.held.isReleasing || groupErrorOf(error).trouble !== 'changing') throw error;
      this.isJoinDue = true;
    }
    this.heard(askedAtMs);
  }

  /** Not while lanes are on their way out: it would claim them again, and nobody could have them. */
  private async join(): Promise<void> {
    this.become('joining');
    this.isJoinDue = false;
    this.armSuspension(this.clock.monotonicMs() + rebalanceTimeoutMs(this.times));
    const joined = await this.coordinator.join(this.memberId, this.introduction());
    this.memberId = joined.memberId;
    this.generation = joined.generation;
    this.become('syncing');
    const askedAtMs = this.clock.monotonicMs();
    const grants = joined.isLeader ? await this.grants(joined) : new Map<string, Buffer>();
    const grant = decodeGrant(await this.coordinator.sync(this.present(), grants));
    this.heard(askedAtMs);
    this.take(grant);
  }

  private take(grant: LaneGrant): void {
    if ('refused' in grant) return this.refuse(grant.refused);
    this.hasWaiting = grant.waits;
    const granted = new Set(grant.lanes.map(laneName));
    const revoked = this.held.all().filter((lane) => !granted.has(laneName(lane)));
    this.held.take(grant.lanes);
    this.become('member');
    this.wasMember = true;
    if (revoked.length === 0) return;
    void this.held.revoke(revoked).then(() => {
      this.isJoinDue = true;
      this.nudge.now();
    });
  }

  private refuse(reason: 'taken' | 'differs'): void {
    this.held.lose();
    this.fail(
      reason === 'taken'
        ? new DistributionError('subscription.taken', 'the subscription has its one consumer in another process')
        : invalidRequest([{ path: 'options', rule: 'must be those of the consumers that the subscription has' }]),
    );
  }

  /** As the leader: who has what. Members that cannot be understood get nothing. */
  private async grants({ members }: Joined): Promise<Map<string, Buffer>> {
    const claimants = members
      .map(({ memberId, metadata }) => decodeIntroduction(memberId, metadata))
      .filter((one): one is LaneClaimant => one !== undefined);
    const topics = [...new Set(claimants.flatMap((one) => one.topics))];
    const partitions = await this.coordinator.partitions(topics);
    const grants = assignLanes(claimants, partitions);
    return new Map([...grants].map(([memberId, grant]) => [memberId, encodeGrant(grant)]));
  }

  private introduction(): Buffer {
    const { sharing, terms } = this.options;
    const { topics, sinceMicros, generation } = this;
    return encodeIntroduction({ topics, sharing, terms, sinceMicros, generation, owned: this.held.all() });
  }

  private async recover({ trouble, message, memberId }: GroupError): Promise<void> {
    switch (trouble) {
      case 'member_id_required':
        this.memberId = memberId ?? '';
        this.isJoinDue = true;
        return;
      case 'unknown_member':
        this.memberId = '';
        this.generation = -1;
        this.held.lose();
        this.isJoinDue = true;
        this.become('joining');
        return;
      case 'changing':
        this.isJoinDue = true;
        this.changes();
        return;
      case 'denied':
        this.held.lose();
        this.isJoinDue = true;
        // Rights may come back to who had them; who comes with none is told so.
        if (this.wasMember) return this.nudge.wait(RETRY_MS[RETRY_MS.length - 1]);
        return this.fail(new DistributionError('broker.unavailable', `the group refuses this process: ${message}`));
      case 'unreachable':
        // Whether a join was taken is not known: to join again does no harm.
        if (this.state !== 'member') this.isJoinDue = true;
        this.changes();
        return this.nudge.wait(RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)]);
    }
  }

  private fail(error: DistributionError): void {
    this.end = error;
    this.become('over');
    if (this.wasMember) this.events.onEnded(error);
  }

  private present(): GroupMember {
    return { memberId: this.memberId, generation: this.generation };
  }

  private heard(askedAtMs: number): void {
    this.armSuspension(askedAtMs);
    if (!this.isSuspended) return;
    this.isSuspended = false;
    this.events.onResumed();
  }

  /** Before others could have the lanes, this member stops working on them. */
  private armSuspension(heardMs: number): void {
    this.cancelSuspension();
    const leftMs = heardMs + (this.times.sessionTimeoutMs * 2) / 3 - this.clock.monotonicMs();
    this.cancelSuspension = this.clock.after(Math.max(0, leftMs), () => {
      if (this.isSuspended || this.state === 'over') return;
      this.isSuspended = true;
      this.events.onSuspended();
    });
  }

  private become(state: State): void {
    if (this.state !== 'over') this.state = state;
    this.changes();
  }

  private changes(): void {
    for (const notice of [...this.changed]) notice();
  }

  private nextChange(deadlineMs = Infinity): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.changed.delete(done);
        resolve();
      };
      const leftMs = deadlineMs - this.clock.monotonicMs();
      const cancel = leftMs < Infinity ? this.clock.after(Math.max(0, leftMs), done) : () => undefined;
      this.changed.add(done);
    });
  }
}
