import { DistributionError } from '../errors/distribution-error.js';
import { type EventBatch, TRACEPARENT } from '../event-batch.js';
import { compileSelection, type EntryMatcher } from '../matching/entry-matcher.js';
import type { Clock } from '../ports/clock.port.js';
import type { Log } from '../ports/log.port.js';
import type { Counter, Metrics } from '../ports/metrics.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { BEFORE_FIRST, type LanePosition, type Position } from '../position.js';
import type { Selection } from '../subscription/subscription.js';
import { CatchUp } from './catch-up.js';
import type { EgressShare } from './egress-share.js';
import type { Feed } from './feed.js';
import { type FeedStatistics, FeedTable } from './feed-table.js';
import { FeedUpkeep } from './feed-upkeep.js';
import type { FlushObserver } from './flush-observer.js';
import { FlushRounds } from './flush-rounds.js';
import { type LanePressure, lanePressures } from './lane-pressure.js';
import type { LaneState } from './lane-state.js';
import { LaneSweeps } from './lane-sweeps.js';
import { LastValueRebuild } from './last-value-rebuild.js';
import { LastValueTables } from './last-value-table.js';
import { Member, type MemberOptions } from './member.js';
import { MemoryBudget } from './memory-budget.js';
import type { FrameEncoder, Outlet } from './outlet.js';
import type { FlushTracing } from './pending-traces.js';
import { PrivateFrames, sendGap } from './private-frames.js';
import { SegmentReplay } from './segment-replay.js';
import { Selector } from './selector.js';
import { SlowPolicies } from './slow-policy.js';
import { type SubscriptionState, subscriptionStates } from './subscription-states.js';
import { TailedLanes } from './tailed-lanes.js';

export interface FanOutLimits {
  /** For the segments of all lanes together. */
  readonly segmentBytes: number;
  /** For what was read last of all lanes for members that are too far behind for the segments. */
  readonly sweptBytes: number;
  /** For frames of members that are behind, which others of their feeds may be sent as well. */
  readonly sharedFrameBytes: number;
  /** For the flushes that all feeds keep together. */
  readonly keptFlushBytes: number;
  /** How far a tail is rewound when it is opened, so that a restart is no stampede into the broker. */
  readonly rewindMs: number;
  /** The dedupe window's time. */
  readonly dedupeWindowMs: number;
  /** A lane that nobody wants any more is tailed this much longer. */
  readonly lingerMs: number;
  /** Live members of feeds whose lanes moved on without a match are told so this often. */
  readonly positionEveryMs: number;
  /** A blocked member that made no progress for this long is closed as too slow. */
  readonly blockTimeoutMs: number;
  readonly dropOldestKeeps: number;
  readonly maxFeeds: number;
  /** Of a topic that holds state; beyond, the key that was updated longest ago is forgotten. */
  readonly lastValueKeysPerLane: number;
}

export const DEFAULT_FAN_OUT_LIMITS: FanOutLimits = {
  segmentBytes: 256 * 1024 * 1024,
  sweptBytes: 64 * 1024 * 1024,
  sharedFrameBytes: 32 * 1024 * 1024,
  keptFlushBytes: 64 * 1024 * 1024,
  rewindMs: 30_000,
  dedupeWindowMs: 120_000,
  lingerMs: 60_000,
  positionEveryMs: 5_000,
  blockTimeoutMs: 30_000,
  dropOldestKeeps: 1_000,
  maxFeeds: 10_000,
  lastValueKeysPerLane: 100_000,
};

export interface FanOutDependencies {
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly limits?: Partial<FanOutLimits>;
}

/** Where a subscription begins, by lane: resolved from latest, earliest, time, cursor before it is attached. */
export type StartResolver = (lane: LaneState) => Promise<Position | 'live'>;

export interface AttachRequest extends MemberOptions {
  readonly selection: Selection;
  readonly encoder: FrameEncoder;
  readonly outlet: Outlet;
  readonly startOf: StartResolver;
  /** The latest value of each key first; a topic without keys has an empty snapshot. Goes with a live start. */
  readonly snapshot: boolean;
  /**
   * Feeds of the session's other subscriptions. Frames are addressed by feed, so two subscriptions of one session never
   * share one: while one of them catches up, its frames are not the other's.
   */
  readonly otherFeeds?: ReadonlySet<number>;
  /**
   * The member that the new one takes the place of, on the same outlet: it goes on where that one stands, in lanes that
   * both have, so nothing of them is missing and nothing comes twice. `startOf` is for the others.
   */
  readonly replaces?: Member;
  /** Called before anything is written to the outlet for this member. */
  readonly onAttached: (member: Member, positions: readonly LanePosition[]) => void;
}

export interface LaneEvents {
  readonly state: LaneState;
  readonly batch: EventBatch;
  readonly skip: Uint8Array | undefined;
}

/** Lanes of the selection were closed or opened each time. */
const MAX_ATTACH_ATTEMPTS = 5;
/** Of flushes, by one feed, when there are few feeds. */
const MAX_KEPT_BYTES = 1024 * 1024;

/**
 * The middle of the pipeline: tails each wanted lane once, matches each batch against all feeds, and lets feeds write
 * what is ready once per flush. One per process; everything here happens on one thread.
 */
export class FanOut {
  readonly limits: FanOutLimits;
  readonly lastValues: LastValueTables;
  private readonly rebuild: LastValueRebuild;
  private readonly feeds: FeedTable;
  private readonly lanes: TailedLanes;
  private readonly pinnedTopics = new Set<string>();
  /** That are new, gone or others by now, and whose lanes have not followed yet. */
  private readonly changedTopics = new Set<string>();
  private readonly rounds: FlushRounds;
  private readonly frames: PrivateFrames;
  private readonly selector = new Selector();
  private readonly sweeps: LaneSweeps;
  private readonly catchUp: CatchUp;
  private readonly upkeep: FeedUpkeep;
  private topics: readonly TopicDefinition[] = [];
  private lastMark = 0;
  private readonly matchedEvents: Counter;
  /** Told of each flush: how long ago the oldest event in it was taken by the broker, and deliveries. */
  onDelivered: (latencyMs: number, deliveries: number) => void = () => undefined;
  /** Told of what arrives and goes out, lane by lane. */
  observer: FlushObserver | undefined;
  /** If set, flushes that hold traced events are reported to it. */
  tracing: FlushTracing | undefined;
  /** Told of each batch of every lane that is tailed, after the last-value table has it. */
  onBatch: (events: LaneEvents) => void = () => undefined;

  constructor(private readonly deps: FanOutDependencies) {
    const { clock, metrics, log } = deps;
    this.limits = { ...DEFAULT_FAN_OUT_LIMITS, ...deps.limits };
    this.feeds = new FeedTable(metrics, this.limits.maxFeeds, this.nextMark);
    this.lastValues = new LastValueTables({ metrics, limits: { maxKeysPerLane: this.limits.lastValueKeysPerLane } });
    const newWindow = () => this.lanes.newWindow();
    this.rebuild = new LastValueRebuild({ log, clock, tables: this.lastValues, newWindow });
    this.lanes = new TailedLanes(log, clock, metrics, this.limits, {
      onOpening: (state, from) => {
        if (state.topic.conflationKey !== 'none') this.rebuild.begin(state, from);
      },
      onBatch: (state, batch, skip) => this.take(state, batch, skip),
      onGap: (state, to) => this.skipLost(state, to),
      onStalled: (state, isStalled) => this.tellStalled(state, isStalled),
      onClosed: (state) => this.forgetLane(state),
    });
    this.frames = new PrivateFrames(
      this.nextMark,
      () => clock.nowMicros(),
      () => this.observer,
    );
    const replay = new SegmentReplay(
      clock,
      this.frames,
      this.selector,
      this.limits.sharedFrameBytes,
      metrics.gauge(
        'fan_out_shared_frame_bytes',
        'Bytes of frames that were made for one who is behind and are kept for others',
      ),
    );
    const sweptBytes = metrics.gauge(
      'fan_out_swept_bytes',
      'Bytes of older events that were read last, for who is behind',
    );
    this.sweeps = new LaneSweeps({
      log,
      clock,
      frames: this.frames,
      replay,
      budget: new MemoryBudget(this.limits.sweptBytes, sweptBytes),
      newWindow,
      windowMs: this.limits.dedupeWindowMs,
    });
    this.catchUp = new CatchUp(
      clock,
      this.frames,
      replay,
      new SlowPolicies(clock, this.frames, this.selector, this.limits),
      this.sweeps,
    );
    this.sweeps.onServed = this.catchUp.serve;
    this.rounds = new FlushRounds({
      clock,
      metrics,
      listeners: this,
      keptBytesPerFeed: () => Math.min(MAX_KEPT_BYTES, this.limits.keptFlushBytes / Math.max(1, this.feeds.size)),
    });
    this.upkeep = new FeedUpkeep({
      clock,
      feeds: this.feeds,
      catchUp: this.catchUp,
      limits: this.limits,
      detach: (member) => this.detach(member),
    });
    this.matchedEvents = metrics.counter('fan_out_events_total', 'Events that were matched against the feeds');
  }

  /** From now on tenants share what may be written; undefined: there is no limit, and nothing is counted. */
  limitEgress(egress: EgressShare | undefined): void {
    this.rounds.limitEgress(egress);
    this.catchUp.egress = egress;
  }

  /**
   * What exists now. New topics join the feeds that select them, from their first event; what changed about the others
   * takes effect; lanes of those that are gone end, and whoever reads them is told. Rejects if the broker does not answer:
   * what could not be done then is done by the next call.
   */
  async setTopics(topics: readonly TopicDefinition[]): Promise<void> {
    const known = new Map(this.topics.map((topic) => [topic.name, topic]));
    const present = new Map(topics.map((topic) => [topic.name, topic]));
    this.topics = topics;
    for (const [name, before] of known) {
      const now = present.get(name);
      if (now?.catalogVersion === before.catalogVersion) this.redefine(now, before);
      else this.changedTopics.add(name);
    }
    for (const { name } of topics) if (!known.has(name)) this.changedTopics.add(name);
    const failures: unknown[] = [];
    for (const name of [...this.changedTopics]) {
      await this.follow(name, present.get(name)).then(
        () => this.changedTopics.delete(name),
        (error: unknown) => failures.push(error),
      );
    }
    if (failures.length > 0) throw failures[0];
  }

  /** How long what was written last to those who keep up had waited in this process. */
  lagMs(): number {
    return this.rounds.lagMs();
  }

  knowsTopic(name: string): boolean {
    return this.topics.some((topic) => topic.name === name);
  }

  /** Tails these topics for as long as the process lives, subscribers or not: their last values are read over REST. */
  async pin(names: readonly string[]): Promise<void> {
    for (const name of names) this.pinnedTopics.add(name);
    const topics = this.topics.filter((topic) => this.pinnedTopics.has(topic.name));
    await Promise.all(topics.map((topic) => this.lanes.open(topic)));
  }

  /** Resolves when the last values of all lanes that are open now are complete, however long ago they were published. */
  async whenLastValuesComplete(): Promise<void> {
    await this.rebuild.whenDone(this.lanes.values());
  }

  laneStates(): readonly LaneState[] {
    return [...this.lanes.values()];
  }

  /** Every subscription that is attached, as of now. */
  subscriptionStates(): Iterable<SubscriptionState> {
    return subscriptionStates(this.feeds.values());
  }

  /** Of at most so many lanes, as of now. */
  lanePressures(maxLanes: number): LanePressure[] {
    return lanePressures(this.feeds.values(), maxLanes);
  }

  feedStatistics(): FeedStatistics[] {
    return this.feeds.statistics();
  }

  /** `topic.not_found` if no topic matches; `gateway.full` at the limit of feeds. */
  async attach(request: AttachRequest): Promise<Member> {
    const matcher = compileSelection(request.selection);
    const starts = await this.startsOf(request, matcher);

    // From here on nothing is awaited: the member, its feed and its positions fit together.
    if (request.replaces?.state === 'gone') {
      throw new DistributionError('subscription.not_found', 'the subscription has ended');
    }
    // Up to here it is told by the old selection, whether anything of it matched or not.
    request.replaces?.feed.tellPositions(this.time());
    const feed = this.feedOf(request.selection, request.encoder, request.otherFeeds);
    feed.tellPositions(this.time());
    const member = new Member(feed, request.outlet, memberOptions(request), this.deps.clock, this.serveSoon);
    const { replaces } = request;
    for (const lane of feed.lanes.values()) {
      const start = replaces?.positionIn(lane.state) ?? starts.get(lane.state) ?? 'live';
      member.tell(lane, start === 'live' ? lane.told : start, undefined);
    }
    if (replaces !== undefined) this.replace(replaces, member);
    request.onAttached(member, member.positions());
    if (request.snapshot) for (const state of feed.lanes.keys()) this.sendSnapshot(member, state);
    this.catchUp.serve(member);
    this.feeds.countMembers();
    return member;
  }

  /** How many subscriptions are attached to the lanes of each topic of this process, by lane name. */
  membersByLane(): Map<string, number> {
    return this.feeds.membersByLane();
  }

  /** To be called when its outlet has room again, or it was granted credit, or it was stood elsewhere. */
  serve(member: Member): void {
    this.catchUp.serve(member);
  }

  detach(member: Member): void {
    const { feed } = member;
    member.leave();
    if (feed.memberCount === 0) this.dropFeed(feed);
    this.feeds.countMembers();
  }

  async stop(): Promise<void> {
    this.upkeep.stop();
    this.rounds.stop();
    await this.rebuild.stop();
    await this.lanes.stop();
  }

  /** The next mark of this process: marks of one session ascend, whoever writes them. */
  readonly nextMark = (): number => ++this.lastMark;

  /** A number that no feed has, for frames of one session alone. */
  takeFeedNumber(): number {
    return this.feeds.takeNumber();
  }

  /** Writes what is pending now; for draining. */
  flushAll(): void {
    for (const feed of this.feeds.values()) feed.tellPositions(this.time());
  }

  /** What the one before was, the new one is: paused, told that it is slow. */
  private replace(before: Member, member: Member): void {
    if (before.state === 'paused') member.pause();
    member.isSlow = before.isSlow;
    this.detach(before);
  }

  private redefine(now: TopicDefinition, before: TopicDefinition): void {
    const states = this.lanes.redefine(now);
    if (JSON.stringify(now.conflationKey) === JSON.stringify(before.conflationKey)) return;
    // Keys of another kind: what the lanes have is sorted anew.
    this.lastValues.forget(now.name);
    if (now.conflationKey === 'none') return;
    for (const state of states) {
      const { segments } = state;
      this.rebuild.cancel(state);
      this.rebuild.begin(state, segments.start);
      for (const { batch, skip } of segments.after(segments.start)) this.lastValues.apply(now, batch, skip);
    }
  }

  private time() {
    const { clock } = this.deps;
    return { nowMicros: clock.nowMicros(), nowMs: clock.monotonicMs() };
  }

  private feedOf(selection: Selection, encoder: FrameEncoder, others?: ReadonlySet<number>): Feed {
    return this.feeds.of(selection, encoder, others, (feed) => {
      for (const state of this.lanes.values()) {
        if (feed.matcher.matchesTopic(state.lane.topic)) feed.addLane(state, state.segments.end);
      }
    });
  }

  /** The lanes of a topic that is new, another one than before, or gone. */
  private async follow(name: string, topic: TopicDefinition | undefined): Promise<void> {
    await this.lanes.closeTopic(name, topic);
    if (topic === undefined) return;
    for (const feed of [...this.feeds.values()]) {
      if (!feed.matcher.matchesTopic(name)) continue;
      for (const state of await this.lanes.open(topic)) this.addNewLane(feed, state);
    }
  }

  /** Members have been told nothing of it, so they catch up from its first event. */
  private addNewLane(feed: Feed, state: LaneState): void {
    if (feed.lanes.has(state)) return;
    feed.flush(this.time());
    const positions = feed.positions();
    feed.addLane(state, state.segments.end);
    feed.movedOn();
    for (const member of [...feed.live]) {
      member.standAt(positions);
      this.serveSoon(member);
    }
  }

  private dropFeed(feed: Feed): void {
    this.feeds.drop(feed);
    this.rounds.forget(feed);
    this.deps.clock.after(this.limits.lingerMs, () => void this.lanes.closeUnwanted((state) => this.isWanted(state)));
  }

  /** The hot path: one batch of one lane. */
  private take(state: LaneState, batch: EventBatch, skip: Uint8Array | undefined): void {
    if (state.topic.conflationKey !== 'none') this.lastValues.apply(state.topic, batch, skip);
    this.matchedEvents.add(batch.count);
    this.observer?.arrived(state, batch.count, batch.byteLength);
    const traces = this.tracing === undefined ? undefined : batch.column(TRACEPARENT);
    this.feeds.index.match(state.lane.topic, batch, skip, (feedId, indexes, count) => {
      const feed = this.feeds.get(feedId);
      feed.collect(state, batch, skip, indexes, count);
      if (traces !== undefined) this.rounds.noteTraces(feed, traces, skip, indexes, count);
      this.rounds.add(feed, state.topic.priority);
    });
    this.onBatch({ state, batch, skip });
    this.rounds.request();
  }

  /** Where each lane of the selection begins. Rejects as {@link attach} does. */
  private async startsOf(request: AttachRequest, matcher: EntryMatcher): Promise<Map<LaneState, Position | 'live'>> {
    const starts = new Map<LaneState, Position | 'live'>();
    for (let attempt = 0; attempt < MAX_ATTACH_ATTEMPTS; attempt++) {
      const topics = this.topics.filter((topic) => matcher.matchesTopic(topic.name));
      if (topics.length === 0) {
        throw new DistributionError(
          'topic.not_found',
          `no topic matches ${request.selection.topicPatterns.join(', ')}`,
        );
      }
      // Meanwhile topics may come, go and begin anew, and lanes that nobody wants yet be closed.
      const isSettled = topics.every((topic) => this.lanes.opened(topic)?.every((state) => starts.has(state)));
      if (isSettled) return starts;
      const states = (await Promise.all(topics.map((topic) => this.lanes.open(topic)))).flat();
      if (request.snapshot) await this.untilSnapshotComplete(request, states);
      const fresh = states.filter((state) => !starts.has(state));
      await Promise.all(fresh.map(async (state) => starts.set(state, await request.startOf(state))));
    }
    throw new DistributionError('broker.unavailable', 'the topics of the selection change too fast');
  }

  /** A snapshot is never partial: while older values are still being read, it waits for them. */
  private async untilSnapshotComplete(request: AttachRequest, states: readonly LaneState[]): Promise<void> {
    if (!states.some((state) => this.rebuild.isRunning(state))) return;
    request.outlet.send({ type: 'status', payload: { id: request.subscriptionId, state: 'recovering' } });
    await this.rebuild.whenDone(states);
    request.outlet.send({ type: 'status', payload: { id: request.subscriptionId, state: 'live' } });
  }

  private sendSnapshot(member: Member, state: LaneState): void {
    const lane = member.feed.lanes.get(state);
    if (lane === undefined) return;
    if (!this.lastValues.isComplete(state.topic.name, state.lane.partition)) {
      // Keys beyond the table's limit were forgotten: what the snapshot lacks is announced.
      sendGap(member, lane, '', member.reachedIn(lane), 'policy');
    }
    const values = this.lastValues.select(state.topic.name, state.lane.partition, member.feed.matcher);
    const chunk = 1000;
    for (let at = 0; at === 0 || at < values.length; at += chunk) {
      this.frames.snapshot(member, {
        lane: state.lane,
        pos: member.reachedIn(lane),
        values: values.slice(at, at + chunk),
        isLast: at + chunk >= values.length,
      });
    }
  }

  private skipLost(state: LaneState, to: Position): void {
    for (const feed of this.feeds.values()) {
      const lane = feed.lanes.get(state);
      if (lane === undefined) continue;
      feed.flush(this.time());
      for (const member of feed.live) {
        sendGap(member, lane, lane.told, to, 'expired');
        this.observer?.lost(state, 'expired', 1, to);
      }
      feed.movedOn();
      lane.told = to;
    }
  }

  private tellStalled(state: LaneState, isStalled: boolean): void {
    for (const feed of this.feeds.values()) {
      if (!feed.lanes.has(state)) continue;
      for (const member of [...feed.live, ...feed.behind]) {
        member.outlet.send({
          type: 'status',
          payload: { id: member.options.subscriptionId, state: isStalled ? 'recovering' : 'live' },
        });
      }
    }
  }

  private forgetLane(state: LaneState): void {
    this.sweeps.forget(state);
    this.rebuild.cancel(state);
    this.lastValues.forget(state.topic.name);
    for (const feed of this.feeds.values()) {
      const lane = feed.lanes.get(state);
      if (lane === undefined) continue;
      feed.tellPositions(this.time());
      const { end } = state.segments;
      for (const member of [...feed.live, ...feed.behind]) {
        const told = member.positionIn(state) ?? BEFORE_FIRST;
        sendGap(member, lane, told, told > end ? told : end, 'deleted');
        member.forget(lane);
      }
      feed.lanes.delete(state);
    }
  }

  private isWanted(state: LaneState): boolean {
    if (this.pinnedTopics.has(state.lane.topic)) return true;
    for (const feed of this.feeds.values()) if (feed.lanes.has(state)) return true;
    return false;
  }

  private readonly serveSoon = (member: Member): void => {
    this.feeds.countBehind();
    this.deps.clock.soon(() => this.catchUp.serve(member));
  };
}

/** What a member keeps for as long as it lives, and nothing else of what was asked for. */
function memberOptions({ subscriptionId, policy, keepsGuaranteed, credit, maxRate }: AttachRequest): MemberOptions {
  return { subscriptionId, policy, keepsGuaranteed, credit, maxRate };
}
