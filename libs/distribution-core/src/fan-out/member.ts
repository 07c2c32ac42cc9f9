import { isSameLane } from '../lane.js';
import type { Clock } from '../ports/clock.port.js';
import { BEFORE_FIRST, type LanePosition, type Position } from '../position.js';
import { LOSSY_POLICIES, type SlowPolicy } from '../subscription/subscription.js';
import type { Feed, FeedLane, Flush } from './feed.js';
import type { LaneState } from './lane-state.js';
import { MemberPlaces, type Merging } from './member-places.js';
import type { Outlet } from './outlet.js';
import { savedUpAt } from './rate.js';

/**
 * - `behind`: it stands at `told`, and the catch-up brings it nearer when its outlet has room;
 * - `live`: it stands where its feed stands and is written to by each flush;
 * - `paused`: an owner that may not send; entered and left by its subscription;
 * - `gone`: detached or closed; nothing is written any more.
 */
export type MemberState = 'behind' | 'live' | 'paused' | 'gone';

export interface MemberOptions {
  /** The id that the client chose. */
  readonly subscriptionId: string;
  readonly policy: SlowPolicy;
  /** It is durable: a lossy policy leaves out no event whose producer asked for at-least-once or more. */
  readonly keepsGuaranteed?: boolean;
  /** Events it may be sent before more is granted; infinite if it keeps no credit. */
  readonly credit: number;
  /** Events per second; infinite if it does not limit them. */
  readonly maxRate: number;
}

/** One subscription of one session, as the fan-out sees it. */
export class Member {
  state: MemberState = 'behind';
  /** Place in the feed's list of live members. */
  private liveIndex = -1;
  /** Undefined while it is live: most members are, most of the time, and empty maps are not small. */
  private places: MemberPlaces | undefined;
  /** Lanes that wait although there is room: an event of theirs failed, and is sent again after a pause. */
  private held: Set<FeedLane> | undefined;
  /** While behind: the flush to be sent next, 0 if it is not to be had from the feed. */
  nextSequence = 0;
  /** It reached its limit under a lossy policy, and has not caught up since. */
  isLossy = false;
  /** `drop-oldest` or `skip-to-live` act as soon as it may be sent something again. */
  isJumpDue = false;
  isSlow = false;
  /** Times that it began to be slow. */
  slowPeriods = 0;
  /** Events written to it since it was attached. */
  sentEvents = 0;
  /** Monotonic, of the last thing that was sent while behind. */
  progressAtMs: number;
  private credit: number;
  private rateTokens: number;
  /** Neither credit nor rate holds it back, as is so for most: what is not counted need not be looked up for each flush. */
  private readonly isUnlimited: boolean;

  constructor(
    readonly feed: Feed,
    readonly outlet: Outlet,
    readonly options: MemberOptions,
    private readonly clock: Clock,
    /** Called when it falls behind, so that the catch-up knows of it. */
    private readonly onBehind: (member: Member) => void,
  ) {
    this.credit = options.credit;
    this.rateTokens = savedUpAt(options.maxRate);
    this.isUnlimited = options.credit === Number.POSITIVE_INFINITY && options.maxRate === Number.POSITIVE_INFINITY;
    this.progressAtMs = clock.monotonicMs();
    feed.behind.add(this);
    if (options.maxRate !== Number.POSITIVE_INFINITY) feed.paced.add(this);
  }

  get hasRoom(): boolean {
    return this.outlet.unconfirmedBytes < this.outlet.limitBytes;
  }

  /** Events that credit and rate allow now. */
  get allowance(): number {
    if (this.isUnlimited) return Number.POSITIVE_INFINITY;
    return Math.min(this.credit, Math.floor(this.rateTokens));
  }

  reachedIn(lane: FeedLane): Position {
    return this.places?.reachedIn(lane) ?? BEFORE_FIRST;
  }

  toldIn(lane: FeedLane): Position {
    return this.places?.toldIn(lane) ?? BEFORE_FIRST;
  }

  /** Events that its feed was told and it was not; undefined if nobody knows: it came from further back than its feed. */
  missedIn(lane: FeedLane): number | undefined {
    const before = this.places?.toldCountIn(lane);
    return before === undefined ? undefined : lane.toldCount - before;
  }

  /** Nothing of its selection lies between where it stood and `position`; the client need not be told yet. */
  skim(lane: FeedLane, position: Position): void {
    this.ownPlaces().skim(lane, position);
  }

  /** Events that its feed was told of the lane since this was asked first: of what it misses, so many at least came while it was held back. */
  toldSince(lane: FeedLane): number {
    return this.ownPlaces().toldSince(lane);
  }

  /** Of a lane that is read on for it while nothing can be sent; undefined: what was read was sent. */
  mergingIn(lane: FeedLane): Merging | undefined {
    return this.places?.mergingIn(lane);
  }

  mergeIn(lane: FeedLane, merging: Merging | undefined): void {
    this.ownPlaces().mergeIn(lane, merging);
  }

  /** Of what its feed was told of the lane, it misses so many. */
  countMissed(lane: FeedLane, events: number): void {
    this.ownPlaces().countFrom(lane, lane.toldCount - events);
  }

  /** The client is told `position` now, and with it so many events, sent or left out; undefined: nobody knows how many. */
  tell(lane: FeedLane, position: Position, events: number | undefined): void {
    this.ownPlaces().tell(lane, position, events);
  }

  /** Events that it may be sent before more is granted. */
  get creditLeft(): number {
    return this.credit;
  }

  /** What it was told in a lane, whether it is live or not; undefined: nothing. */
  positionIn(state: LaneState): Position | undefined {
    const lane = this.feed.lanes.get(state);
    if (lane === undefined) return undefined;
    return this.state === 'live' ? lane.told : this.places?.toldIn(lane);
  }

  /** The lane is no more. */
  forget(lane: FeedLane): void {
    this.places?.forget(lane);
    // Flushes that the feed keeps may hold events of it.
    this.nextSequence = 0;
  }

  grantCredit(events: number): void {
    this.credit += events;
  }

  /**
   * There is more for it than it may be sent now. By its rate it wants fewer events than there are, however long it is given; credit
   * and room may only take a while, unless it fell behind for want of them.
   */
  heldBack(): void {
    const { policy } = this.options;
    if (this.rateTokens < 1) this.isLossy ||= LOSSY_POLICIES.has(policy);
    this.isJumpDue ||= this.isLossy && policy !== 'conflate';
  }

  refillRate(elapsedMs: number): void {
    const { maxRate } = this.options;
    this.rateTokens = Math.min(savedUpAt(maxRate), this.rateTokens + (maxRate * elapsedMs) / 1000);
  }

  spend(events: number): void {
    this.sentEvents += events;
    if (this.isUnlimited) return;
    this.credit -= events;
    this.rateTokens -= events;
  }

  /** The hot path: called for each live member by each flush. */
  offer(flush: Flush, isMarked: boolean): void {
    const { outlet } = this;
    const unconfirmed = outlet.unconfirmedBytes;
    // A mark alone always goes out: its confirmation is what makes room, and whoever is live was told the flush before.
    const isMarkAlone = flush.parts.length === 0;
    if (isMarkAlone || (unconfirmed < outlet.limitBytes && (this.isUnlimited || this.allowance >= flush.eventCount))) {
      if (isMarked) outlet.write(flush.markedBytes(), flush.mark);
      else outlet.write(flush.bytes, 0);
      this.spend(flush.eventCount);
      if (this.isSlow !== unconfirmed > (this.isSlow ? outlet.limitBytes >> 2 : outlet.limitBytes >> 1))
        this.toggleSlow();
      return;
    }
    this.fallBehind(flush, unconfirmed >= outlet.limitBytes);
  }

  goLive(): void {
    this.state = 'live';
    this.places = undefined;
    this.nextSequence = 0;
    this.isJumpDue = this.isLossy = false;
    this.feed.behind.delete(this);
    this.liveIndex = this.feed.live.push(this) - 1;
  }

  /** Nothing of the lane is sent until it is let go; the others go on. */
  hold(lane: FeedLane): void {
    if (this.state === 'live') this.standAt(this.positions());
    // Flushes hold several lanes, so what it misses comes from the segments now.
    this.nextSequence = 0;
    (this.held ??= new Set()).add(lane);
  }

  letGo(lane: FeedLane): void {
    this.held?.delete(lane);
  }

  isHeld(lane: FeedLane): boolean {
    return this.held !== undefined && this.held.has(lane);
  }

  /** Stops being written to, but keeps its place. */
  pause(): void {
    if (this.state === 'live') this.standAt(this.positions());
    this.state = 'paused';
  }

  /** Stands at the positions from now on; lanes that are not named were told nothing. */
  standAt(positions: readonly LanePosition[]): void {
    this.leaveLive();
    this.places = undefined;
    for (const lane of this.feed.lanes.values()) {
      const found = positions.find((position) => isSameLane(position, lane.state.lane));
      if (found !== undefined) this.tell(lane, found.position, undefined);
    }
    this.nextSequence = 0;
    this.state = 'behind';
    this.feed.behind.add(this);
    this.progressAtMs = this.clock.monotonicMs();
  }

  /** What it has been told, by lane. */
  positions(): LanePosition[] {
    if (this.state === 'live') return this.feed.positions();
    return [...(this.places?.allTold() ?? [])].map(([lane, position]) => ({
      topic: lane.state.lane.topic,
      partition: lane.state.lane.partition,
      epoch: lane.state.lane.epoch,
      position,
    }));
  }

  leave(): void {
    // The server keeps where it stood; its feed may go on without it.
    if (this.state === 'live' && this.options.keepsGuaranteed === true) this.standAt(this.positions());
    this.leaveLive();
    this.feed.behind.delete(this);
    this.feed.paced.delete(this);
    this.state = 'gone';
  }

  toggleSlow(): void {
    this.isSlow = !this.isSlow;
    if (this.isSlow) this.slowPeriods++;
    this.outlet.send({
      type: 'status',
      payload: { id: this.options.subscriptionId, state: this.isSlow ? 'slow' : 'live' },
    });
  }

  private fallBehind(flush: Flush, isSlow: boolean): void {
    const { policy } = this.options;
    if (isSlow && policy === 'disconnect') {
      this.leave();
      this.outlet.close('too_slow');
      return;
    }
    this.leaveLive();
    const places = this.ownPlaces();
    for (const lane of this.feed.lanes.values()) {
      places.tell(lane, lane.told, undefined);
      places.countFrom(lane, lane.toldCount);
    }
    for (const part of flush.parts) {
      places.tell(part.lane, part.prev, undefined);
      places.countFrom(part.lane, part.lane.toldCount - part.eventCount);
    }
    this.isLossy = LOSSY_POLICIES.has(policy);
    // What it may be sent of a flush that is too large for it, it gets before the rest is left out.
    if (isSlow || this.allowance < 1) this.heldBack();
    this.nextSequence = policy === 'conflate' ? 0 : flush.sequence;
    this.state = 'behind';
    this.progressAtMs = this.clock.monotonicMs();
    this.feed.behind.add(this);
    this.onBehind(this);
  }

  private ownPlaces(): MemberPlaces {
    return (this.places ??= new MemberPlaces());
  }

  private leaveLive(): void {
    if (this.liveIndex < 0) return;
    const { live } = this.feed;
    const last = live.pop() as Member;
    if (last !== this) {
      live[this.liveIndex] = last;
      last.liveIndex = this.liveIndex;
    }
    this.liveIndex = -1;
  }
}
