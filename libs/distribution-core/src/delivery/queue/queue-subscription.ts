import { DistributionError, invalidRequest } from '../../errors/distribution-error.js';
import { laneName, type LaneName } from '../../lane.js';
import { compileSelection } from '../../matching/entry-matcher.js';
import type { Clock } from '../../ports/clock.port.js';
import type { Log } from '../../ports/log.port.js';
import type { LanePlace } from '../../ports/lane-groups.port.js';
import type { Counter } from '../../ports/metrics.port.js';
import type { Delivery, QueueOptions } from '../../ports/queue.port.js';
import type { LanePosition } from '../../position.js';
import type { DeadLetterReason, DeadLetterSink } from '../dead-letter.js';
import type { DeliveryOutcomes, FailedAttempt } from '../delivery-outcomes.js';
import { redeliveryDelayMs } from '../redelivery-policy.js';
import { AckDeadlines } from './ack-deadlines.js';
import { type Dispatch, type DispatchLane, dispatchOf } from './dispatch.js';
import type { Entry } from './entry.js';
import { LetterBurial } from './letter-burial.js';
import { PositionCommitter } from './position-committer.js';
import type { PositionKeeper } from './position-keeper.js';
import { LaneDepartures } from './lane-departure.js';
import { LaneOpener } from './lane-opener.js';
import { LogQueueConsumer } from './queue-consumer.js';
import { QueueLane } from './queue-lane.js';

export interface SubscriptionParts {
  readonly log: Log;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly positions: PositionKeeper;
  /** Without it, what failed too often is dropped and counted. */
  readonly deadLetters: DeadLetterSink | undefined;
  readonly dropped: Counter;
  readonly redelivered: Counter;
  /** Who is told what becomes of deliveries, and of which subscription; without it nobody is. */
  readonly outcomes?: { readonly subscriptionId: string; readonly to: DeliveryOutcomes } | undefined;
  /** What the broker calls a topic of the options. */
  readonly brokerName: (topic: string) => string;
  /** Copies within this time are not delivered; without it all are. */
  readonly dedupeWindowMs: number | undefined;
  /** Told when the last consumer has left. */
  readonly onIdle?: () => Promise<void>;
  /** Gives the lanes back to whom they come from, and stores how far they came; before the end. */
  readonly leave?: () => Promise<void>;
}

/** What nobody has to be given moves the low water too; how soon that is stored. */
const PASSED_FLUSH_MS = 1000;

/** One named subscription and its consumers, in the order in which they came. */
export class QueueSubscription {
  readonly options: QueueOptions;
  private readonly lanes = new Map<LaneName, DispatchLane>();
  private readonly consumers: LogQueueConsumer[] = [];
  private readonly committer: PositionCommitter;
  private readonly burial: LetterBurial;
  private readonly behaviour: Dispatch;
  private readonly opener: LaneOpener;
  private readonly departures: LaneDepartures;
  private readonly deadlines: AckDeadlines;
  private readonly delays = new Set<() => void>();
  private takenCount = 0;
  private isPaused = false;
  private isEnded = false;

  /** With all lanes of its topics. */
  static async open(options: QueueOptions, parts: SubscriptionParts): Promise<QueueSubscription> {
    const subscription = new QueueSubscription(options, parts);
    await subscription.openLanes(options.topics, options.start);
    return subscription;
  }

  /** Without lanes: it takes up and releases them as it is told. */
  constructor(
    options: QueueOptions,
    private readonly parts: SubscriptionParts,
  ) {
    this.options = options;
    this.committer = new PositionCommitter(parts.positions, parts.clock);
    this.burial = new LetterBurial(parts.clock, parts.deadLetters, parts.dropped);
    this.deadlines = new AckDeadlines(parts.clock, options.ackTimeoutMs, (overdue) => this.failOverdue(overdue));
    this.behaviour = dispatchOf(options.type, this.consumers);
    this.departures = new LaneDepartures(parts.clock);
    this.opener = new LaneOpener({
      ...parts,
      committer: this.committer,
      matcher: options.selection === undefined ? undefined : compileSelection(options.selection),
      maxUnacked: options.maxUnacked,
      onEntries: () => this.dispatch(),
      onPassed: (passed) => {
        this.committer.mark(passed);
        this.committer.flushSoon(PASSED_FLUSH_MS);
      },
    });
  }

  get isIdle(): boolean {
    return this.consumers.length === 0;
  }

  /** Deliveries that were given out, ever. */
  get taken(): number {
    return this.takenCount;
  }

  /** Whether a consumer would take one more now. */
  get isAsked(): boolean {
    return this.consumers.some(({ appetite }) => appetite > 0);
  }

  /** Whether something waits to be taken. */
  get hasReady(): boolean {
    return [...this.lanes.values()].some(({ entries }) => entries.some(({ state }) => state === 'ready'));
  }

  /**
   * Topics that are newer than the subscription: from their first event on. Those that it has stay as they are. Rejects with
   * the first failure when all that can be read are.
   */
  async extend(topics: readonly string[]): Promise<void> {
    const known = new Set([...this.lanes.values()].map(({ lane }) => lane.topic));
    const failures: unknown[] = [];
    for (const topic of topics) {
      if (known.has(topic)) continue;
      await this.openLanes([topic], 'earliest').catch((error: unknown) => failures.push(error));
    }
    this.dispatch();
    if (failures.length > 0) throw failures[0];
  }

  /** Topics that are no more: what is held of them is nobody's, and another one of the name is new. */
  async part(topics: readonly string[]): Promise<void> {
    const lanes = [...this.lanes.values()];
    await this.letGo(lanes.filter((lane) => lane instanceof QueueLane && topics.includes(lane.lane.topic)));
  }

  /** Entries from elsewhere, given out like the others. */
  addLane(lane: DispatchLane): void {
    this.lanes.set(laneName(lane.lane), lane);
    this.dispatch();
  }

  /** Lanes of these topics that are this process's from now on. Rejects, with none taken up, if that cannot be done now. */
  async takeUp(
    lanes: readonly LanePlace[],
    start: QueueOptions['start'],
    isMine: (lane: LanePlace) => boolean,
  ): Promise<void> {
    await this.openLanes([...new Set(lanes.map(({ topic }) => topic))], start, isMine);
    this.dispatch();
  }

  /**
   * Gives nothing of these lanes out any more, waits for what is held of them, stores how far they came, and lets go of
   * them. Never rejects; what is held or not stored by then comes again, from whoever has the lane next.
   */
  async release(lanes: readonly LanePlace[], waitMs: number): Promise<void> {
    const leaving = this.present(lanes);
    // At the end nobody is left to acknowledge.
    await this.departures.begin(leaving, this.isEnded ? 0 : waitMs);
    for (const lane of leaving) if (lane instanceof QueueLane) this.committer.mark(lane);
    await this.committer.flush().catch(() => undefined);
    await this.letGo(leaving);
  }

  /** Lets go of lanes that others have already: nothing of them is stored any more. */
  async drop(lanes: readonly LanePlace[]): Promise<void> {
    await this.letGo(this.present(lanes));
  }

  /** Whether what was given out of it cannot be acknowledged here any more. Lanes that nobody shares never go. */
  private isGone(lane: DispatchLane | undefined, at: LanePosition): boolean {
    if (this.parts.leave === undefined) return false;
    return lane === undefined || (lane instanceof QueueLane && !lane.hasRead(at));
  }

  /** In another life of its lane, something else is there. */
  private entryAt(at: LanePosition): Entry | undefined {
    const lane = this.lanes.get(laneName(at));
    return lane?.lane.epoch === at.epoch ? lane.entryAt(at.position) : undefined;
  }

  private present(lanes: readonly LanePlace[]): DispatchLane[] {
    return lanes.map((lane) => this.lanes.get(laneName(lane))).filter((lane) => lane !== undefined);
  }

  private async letGo(lanes: readonly DispatchLane[]): Promise<void> {
    for (const lane of lanes) {
      const name = laneName(lane.lane);
      if (this.lanes.get(name) === lane) this.lanes.delete(name);
      if (lane instanceof QueueLane) this.committer.forget(lane);
      for (const entry of lane.entries) if (entry.state === 'held') this.giveBack(entry, 0);
    }
    this.departures.end(lanes);
    await Promise.all(lanes.map((lane) => lane.stop()));
    this.dispatch();
  }

  /** Until it is resumed nothing is given out, and nothing that is held is overdue. */
  pause(): void {
    this.isPaused = true;
    this.deadlines.stop();
  }

  resume(): void {
    this.isPaused = false;
    this.dispatch();
  }

  join(): LogQueueConsumer {
    if (this.options.type === 'exclusive' && !this.isIdle) {
      throw new DistributionError('subscription.taken', 'an exclusive subscription has its one consumer already');
    }
    const consumer = new LogQueueConsumer(this);
    this.consumers.push(consumer);
    return consumer;
  }

  async leave(consumer: LogQueueConsumer): Promise<void> {
    this.consumers.splice(this.consumers.indexOf(consumer), 1);
    for (const entry of [...consumer.held]) {
      this.tellRetrying(entry, 'session_ended');
      this.giveBack(entry, 0);
    }
    this.dispatch();
    if (this.isIdle) await this.parts.onIdle?.();
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    let isGone = false;
    for (const { at } of deliveries) {
      const lane = this.lanes.get(laneName(at));
      const entry = this.entryAt(at);
      if (entry !== undefined) this.finish(entry);
      isGone ||= this.isGone(lane, at);
    }
    await this.stored(deliveries.map(({ at }) => at));
    if (isGone) throw laneGone();
  }

  /** The same, stored after at most the delay (and again if that fails); until then a crash delivers again. */
  ackSoon(deliveries: readonly Delivery[], delayMs: number): void {
    for (const { at } of deliveries) {
      const entry = this.entryAt(at);
      if (entry !== undefined) this.finish(entry);
    }
    this.markMoved(deliveries.map(({ at }) => at));
    this.committer.flushSoon(delayMs);
  }

  async ackCumulative({ at }: Delivery): Promise<void> {
    if (this.behaviour.order !== 'lane') {
      throw invalidRequest([{ path: 'type', rule: `${this.options.type} has no cumulative acknowledgement` }]);
    }
    const lane = this.lanes.get(laneName(at));
    if (this.isGone(lane, at)) throw laneGone();
    for (const entry of lane?.entries ?? []) {
      if (entry.position > at.position) break;
      this.finish(entry);
    }
    await this.stored([at]);
  }

  nack(consumer: LogQueueConsumer, deliveries: readonly Delivery[], delayMs: number | undefined): void {
    for (const { at } of deliveries) {
      const entry = this.entryAt(at);
      if (entry?.holder === consumer) this.fail(entry, 'nacked', delayMs);
    }
    this.dispatch();
  }

  /** Gives out what is ready, to those who ask. */
  dispatch(): void {
    this.departures.settled();
    if (this.isEnded || this.isPaused) return;
    const nowMs = this.parts.clock.monotonicMs();
    for (const consumer of this.consumers) {
      const given: Delivery[] = [];
      const { appetite } = consumer;
      for (const lane of this.lanes.values()) {
        const max = appetite - given.length;
        if (max <= 0) break;
        if (this.departures.has(lane)) continue;
        for (const entry of this.behaviour.select(lane, consumer, max, nowMs))
          given.push(this.hold(entry, consumer, nowMs));
      }
      if (given.length > 0) consumer.give(given);
    }
    this.deadlines.setAlarm();
  }

  async end(): Promise<void> {
    if (this.isEnded) return;
    this.isEnded = true;
    this.deadlines.stop();
    for (const cancel of this.delays) cancel();
    this.burial.stop();
    for (const consumer of this.consumers.splice(0)) {
      consumer.end();
      for (const entry of [...consumer.held]) this.giveBack(entry, 0);
    }
    await this.parts.leave?.();
    this.committer.stop();
    await Promise.all([...this.lanes.values()].map((lane) => lane.stop()));
    await this.committer.flush().catch(() => undefined);
  }

  private async openLanes(
    topics: readonly string[],
    start: QueueOptions['start'],
    isWanted: (lane: LanePlace) => boolean = () => true,
  ): Promise<void> {
    const opened = await this.opener.open(topics, start, isWanted);
    if (this.isEnded) return;
    // It took a while to find out where they stand.
    const wanted = opened.filter(({ lane }) => isWanted(lane));
    for (const lane of wanted) this.lanes.set(laneName(lane.lane), lane);
    for (const lane of wanted) lane.start();
  }

  private hold(entry: Entry, consumer: LogQueueConsumer, nowMs: number): Delivery {
    entry.state = 'held';
    entry.holder = consumer;
    entry.attempt++;
    this.takenCount++;
    if (entry.attempt > 1) this.parts.redelivered.add();
    consumer.held.add(entry);
    this.deadlines.add(entry, nowMs);
    return entry.delivery();
  }

  private unhold(entry: Entry): void {
    entry.holder?.held.delete(entry);
    entry.holder = undefined;
  }

  private finish(entry: Entry): void {
    if (entry.state === 'dying') return;
    if (entry.state !== 'done') this.parts.outcomes?.to.observer?.acknowledged(entry.delivery());
    this.unhold(entry);
    entry.state = 'done';
  }

  private giveBack(entry: Entry, delayMs: number): void {
    this.unhold(entry);
    entry.state = 'ready';
    entry.readyAtMs = 0;
    if (delayMs <= 0) return;
    const { clock } = this.parts;
    const readyAtMs = clock.monotonicMs() + delayMs;
    entry.readyAtMs = readyAtMs;
    const cancel = clock.after(delayMs, () => {
      this.delays.delete(cancel);
      // Timers of Node may ring a little early, and nothing else would look again.
      if (entry.readyAtMs === readyAtMs) entry.readyAtMs = 0;
      this.dispatch();
    });
    this.delays.add(cancel);
  }

  /** An attempt came to nothing: what must come after the entry comes after it again. */
  private fail(entry: Entry, reason: DeadLetterReason, delayMs: number | undefined): void {
    const nowMicros = this.parts.clock.nowMicros();
    entry.reason = reason;
    if (entry.failures++ === 0) entry.firstFailureMicros = nowMicros;
    this.giveBack(entry, delayMs ?? this.pauseAfter(entry));
    const { order } = this.behaviour;
    if (order !== 'none') {
      for (const later of entry.lane.entries) {
        if (later.position <= entry.position || later.state !== 'held') continue;
        if (order === 'lane' || later.routingKey === entry.routingKey) this.giveBack(later, 0);
      }
    }
    if (entry.failures >= this.options.maxAttempts) void this.bury(entry, nowMicros);
    else this.tellRetrying(entry, reason);
  }

  /** One of them may be given back with one before it: it was not late by itself. */
  private failOverdue(overdue: readonly Entry[]): void {
    for (const entry of overdue) if (entry.state === 'held') this.fail(entry, 'ack_timeout', undefined);
    this.dispatch();
  }

  private tellRetrying(entry: Entry, reason: FailedAttempt['reason']): void {
    const { outcomes } = this.parts;
    if (outcomes?.to.observer === undefined) return;
    const { batch, index, at, attempt: attempts } = entry.delivery();
    const { subscriptionId } = outcomes;
    outcomes.to.observer.retrying({ subscriptionId, eventId: batch.eventIdAt(index), at, attempts, reason });
  }

  private pauseAfter(entry: Entry): number {
    const { redelivery } = this.options;
    return redelivery === undefined ? 0 : redeliveryDelayMs(redelivery, entry.failures, this.parts.random());
  }

  private async bury(entry: Entry, lastFailureMicros: number): Promise<void> {
    entry.state = 'dying';
    const { event, at } = entry.delivery();
    const { reason, failures: attempts } = entry;
    // After a restart the time of the first failure is not known any more.
    const firstFailureMicros = entry.firstFailureMicros || lastFailureMicros;
    const letter = { event, at, reason, attempts, firstFailureMicros, lastFailureMicros };
    if (!(await this.burial.send(letter))) return;
    entry.state = 'done';
    // Not stored: it is buried again after a restart, which is a copy and no loss.
    await this.stored([entry.lane.lane]).catch(() => undefined);
  }

  private async stored(lanes: readonly Pick<LanePosition, 'topic' | 'partition'>[]): Promise<void> {
    this.markMoved(lanes);
    await this.committer.flush();
    for (const name of new Set(lanes.map(laneName))) await this.lanes.get(name)?.acknowledged?.();
  }

  private markMoved(lanes: readonly Pick<LanePosition, 'topic' | 'partition'>[]): void {
    for (const name of new Set(lanes.map(laneName))) {
      const lane = this.lanes.get(name);
      if (lane === undefined) continue;
      const hasMoved = lane.advance();
      if (lane instanceof QueueLane && (hasMoved || this.parts.positions.keepsAbove)) this.committer.mark(lane);
    }
    this.dispatch();
  }
}

const laneGone = () => new DistributionError('generation.stale', 'another process has the lane by now');
