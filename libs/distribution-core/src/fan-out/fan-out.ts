import { type EventBatch, TRACEPARENT } from '../event-batch.js';
import { compileTopicPattern } from '../matching/topic-pattern.js';
import type { Clock } from '../ports/clock.port.js';
import type { Log } from '../ports/log.port.js';
import type { Counter, Metrics } from '../ports/metrics.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import type { Selection } from '../subscription/subscription.js';
import { Attachments, type AttachRequest } from './attachments.js';
import { CatchUp } from './catch-up.js';
import type { EgressShare } from './egress-share.js';
import { DEFAULT_FAN_OUT_LIMITS, type FanOutLimits } from './fan-out-limits.js';
import { type Feed, type FlushTime, flushTime } from './feed.js';
import { type FeedStatistics, FeedTable } from './feed-table.js';
import { FeedUpkeep } from './feed-upkeep.js';
import type { FlushObserver } from './flush-observer.js';
import { FlushRounds } from './flush-rounds.js';
import { LaneNews } from './lane-news.js';
import { type LanePressure, lanePressures } from './lane-pressure.js';
import type { LaneState } from './lane-state.js';
import { LaneSweeps } from './lane-sweeps.js';
import { LastValueRebuild } from './last-value-rebuild.js';
import { LastValueTables } from './last-value-table.js';
import { LogConflation } from './log-conflation.js';
import type { Member } from './member.js';
import { MemoryBudget } from './memory-budget.js';
import type { FlushTracing } from './pending-traces.js';
import { PrivateFrames } from './private-frames.js';
import { SegmentReplay } from './segment-replay.js';
import { Selector } from './selector.js';
import { SlowPolicies } from './slow-policy.js';
import { type SubscriptionState, subscriptionStates } from './subscription-states.js';
import { TailedLanes } from './tailed-lanes.js';

export interface FanOutDependencies {
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly limits?: Partial<FanOutLimits>;
}

export interface LaneEvents {
  readonly state: LaneState;
  readonly batch: EventBatch;
  readonly skip: Uint8Array | undefined;
}

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
  private readonly news: LaneNews;
  private readonly attachments: Attachments;
  private readonly pinnedTopics = new Set<string>();
  /** That are new, gone or others by now, and whose lanes have not followed yet. */
  private readonly changedTopics = new Set<string>();
  private readonly rounds: FlushRounds;
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
      onGap: (state, to) => this.news.skipped(state, to),
      onStalled: (state, isStalled) => this.news.stalled(state, isStalled),
      onClosed: (state) => this.forget(state),
    });
    const observer = () => this.observer;
    this.news = new LaneNews({ feeds: this.feeds, time: this.time, observer, serveSoon: this.serveSoon });
    const selector = new Selector();
    const frames = new PrivateFrames(this.nextMark, () => clock.nowMicros(), observer);
    const replay = new SegmentReplay(
      clock,
      frames,
      selector,
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
    const conflation = new LogConflation(clock, this.lastValues, frames, selector);
    this.sweeps = new LaneSweeps({
      log,
      clock,
      frames,
      replay,
      conflation,
      budget: new MemoryBudget(this.limits.sweptBytes, sweptBytes),
      newWindow,
      windowMs: this.limits.dedupeWindowMs,
    });
    this.catchUp = new CatchUp(
      clock,
      frames,
      replay,
      new SlowPolicies(clock, frames, selector, conflation, this.limits),
      this.sweeps,
    );
    this.sweeps.onServed = this.catchUp.serve;
    this.attachments = new Attachments({
      clock,
      feeds: this.feeds,
      lanes: this.lanes,
      lastValues: this.lastValues,
      rebuild: this.rebuild,
      frames,
      catchUp: this.catchUp,
      time: this.time,
      serveSoon: this.serveSoon,
      topics: () => this.topics,
      laneAdded: (feed, state) => this.news.added(feed, state),
      detach: (member) => this.detach(member),
    });
    this.rounds = new FlushRounds({
      clock,
      metrics,
      listeners: this,
      feedAt: (slot) => this.feeds.at(slot),
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

  knowsTopicOf({ topicPatterns }: Pick<Selection, 'topicPatterns'>): boolean {
    const patterns = topicPatterns.map((pattern) => compileTopicPattern(pattern));
    return this.topics.some(({ name }) => patterns.some((pattern) => pattern.matches(name)));
  }

  /**
   * Tails these topics for as long as the process lives, subscribers or not: their last values are read over REST. When
   * all that can be read are, rejects with the first failure of the others.
   */
  async pin(names: readonly string[]): Promise<void> {
    for (const name of names) this.pinnedTopics.add(name);
    const topics = this.topics.filter((topic) => this.pinnedTopics.has(topic.name));
    const opened = await Promise.allSettled(topics.map((topic) => this.lanes.open(topic)));
    for (const one of opened) if (one.status === 'rejected') throw one.reason;
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
  attach(request: AttachRequest): Promise<Member> {
    return this.attachments.attach(request);
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

  private readonly time = (): FlushTime => flushTime(this.deps.clock);

  /** The lanes of a topic that is new, another one than before, or gone. */
  private async follow(name: string, topic: TopicDefinition | undefined): Promise<void> {
    await this.lanes.closeTopic(name, topic);
    if (topic === undefined) return;
    for (const feed of [...this.feeds.values()]) {
      if (!feed.matcher.matchesTopic(name)) continue;
      for (const state of await this.lanes.open(topic)) this.news.added(feed, state);
    }
  }

  private dropFeed(feed: Feed): void {
    this.rounds.forget(feed);
    this.feeds.drop(feed);
    this.deps.clock.after(this.limits.lingerMs, () => void this.lanes.closeUnwanted((state) => this.isWanted(state)));
  }

  /** The hot path: one batch of one lane. */
  private take(state: LaneState, batch: EventBatch, skip: Uint8Array | undefined): void {
    if (state.topic.conflationKey !== 'none') this.lastValues.apply(state.topic, batch, skip);
    this.matchedEvents.add(batch.count);
    this.observer?.arrived(state, batch.count, batch.valueBytes);
    const traces = this.tracing === undefined ? undefined : batch.column(TRACEPARENT);
    const { index, matches } = this.feeds;
    const { priority } = state.topic;
    matches.begin(state, batch, skip);
    index.match(state.lane.topic, batch, skip, (slot, indexes, count) => {
      matches.note(slot, indexes, count);
      if (traces !== undefined) this.rounds.noteTraces(this.feeds.at(slot), traces, skip, indexes, count);
      this.rounds.add(slot, priority);
    });
    matches.end();
    this.onBatch({ state, batch, skip });
    this.rounds.request();
  }

  private forget(state: LaneState): void {
    this.sweeps.forget(state);
    this.rebuild.cancel(state);
    this.lastValues.forget(state.topic.name);
    this.news.closed(state);
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
