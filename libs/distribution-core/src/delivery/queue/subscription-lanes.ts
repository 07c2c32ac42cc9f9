import { laneName, type LaneName } from '../../lane.js';
import { compileSelection } from '../../matching/entry-matcher.js';
import type { Clock } from '../../ports/clock.port.js';
import type { LanePlace } from '../../ports/lane-groups.port.js';
import type { Log } from '../../ports/log.port.js';
import type { QueueOptions } from '../../ports/queue.port.js';
import type { LanePosition } from '../../position.js';
import type { DispatchLane } from './dispatch.js';
import type { Entry } from './entry.js';
import { LaneDepartures } from './lane-departure.js';
import { LaneOpener } from './lane-opener.js';
import { PositionCommitter } from './position-committer.js';
import type { PositionKeeper } from './position-keeper.js';
import { QueueLane } from './queue-lane.js';

export interface SubscriptionLanesParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly positions: PositionKeeper;
  /** What the broker calls a topic of the options. */
  readonly brokerName: (topic: string) => string;
  /** Copies within this time are not delivered; without it all are. */
  readonly dedupeWindowMs: number | undefined;
  /** Gives the lanes back to whom they come from, and stores how far they came; before the end. Absent: nobody shares them. */
  readonly leave?: () => Promise<void>;
}

export interface SubscriptionLanesEvents {
  /** There may be entries to give out. */
  readonly onEntries: () => void;
  /** The lane of this held entry is let go of. */
  readonly onLost: (entry: Entry) => void;
}

/** What nobody has to be given moves the low water too; how soon that is stored. */
const PASSED_FLUSH_MS = 1000;

/** The lanes of one subscription: which of them it has, and how far they came. */
export class SubscriptionLanes {
  private readonly lanes = new Map<LaneName, DispatchLane>();
  private readonly committer: PositionCommitter;
  private readonly opener: LaneOpener;
  private readonly departures: LaneDepartures;
  private isEnded = false;

  constructor(
    options: Pick<QueueOptions, 'maxUnacked' | 'selection'>,
    private readonly parts: SubscriptionLanesParts,
    private readonly events: SubscriptionLanesEvents,
  ) {
    this.committer = new PositionCommitter(parts.positions, parts.clock);
    this.departures = new LaneDepartures(parts.clock);
    this.opener = new LaneOpener({
      ...parts,
      committer: this.committer,
      matcher: options.selection === undefined ? undefined : compileSelection(options.selection),
      maxUnacked: options.maxUnacked,
      onEntries: events.onEntries,
      onPassed: (passed) => {
        this.committer.mark(passed);
        this.committer.flushSoon(PASSED_FLUSH_MS);
      },
    });
  }

  /** Whether something waits to be taken. */
  get hasReady(): boolean {
    return [...this.lanes.values()].some(({ entries }) => entries.some(({ state }) => state === 'ready'));
  }

  values(): Iterable<DispatchLane> {
    return this.lanes.values();
  }

  at(at: LanePosition): DispatchLane | undefined {
    return this.lanes.get(laneName(at));
  }

  /** In another life of its lane, something else is there. */
  entryAt(at: LanePosition): Entry | undefined {
    const lane = this.at(at);
    return lane?.lane.epoch === at.epoch ? lane.entryAt(at.position) : undefined;
  }

  /** Whether what was given out of it cannot be acknowledged here any more. Lanes that nobody shares never go. */
  isGone(at: LanePosition): boolean {
    if (this.parts.leave === undefined) return false;
    const lane = this.at(at);
    return lane === undefined || (lane instanceof QueueLane && !lane.hasRead(at));
  }

  /** Whether nothing of it is to be given out any more. */
  isLeaving(lane: DispatchLane): boolean {
    return this.departures.has(lane);
  }

  /** Something was acknowledged, refused, given back or buried. */
  settled(): void {
    this.departures.settled();
  }

  add(lane: DispatchLane): void {
    this.lanes.set(laneName(lane.lane), lane);
  }

  /** Of these topics, as far as `isWanted`. Rejects, with none of them opened, if that cannot be done now. */
  async open(
    topics: readonly string[],
    start: QueueOptions['start'],
    isWanted: (lane: LanePlace) => boolean = () => true,
  ): Promise<void> {
    const opened = await this.opener.open(topics, start, isWanted);
    if (this.isEnded) return;
    // It took a while to find out where they stand.
    const wanted = opened.filter(({ lane }) => isWanted(lane));
    for (const lane of wanted) this.add(lane);
    for (const lane of wanted) lane.start();
  }

  /** Of topics that it has none of yet, from their first event on. What those that could not be opened failed with. */
  async openNew(topics: readonly string[]): Promise<readonly unknown[]> {
    const known = new Set([...this.lanes.values()].map(({ lane }) => lane.topic));
    const failures: unknown[] = [];
    for (const topic of topics) {
      if (known.has(topic)) continue;
      await this.open([topic], 'earliest').catch((error: unknown) => failures.push(error));
    }
    return failures;
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

  /** Lets go of the lanes of topics that are no more. */
  async part(topics: readonly string[]): Promise<void> {
    const lanes = [...this.lanes.values()];
    await this.letGo(lanes.filter((lane) => lane instanceof QueueLane && topics.includes(lane.lane.topic)));
  }

  /** Entries of these lanes were dealt with: resolves once it is stored how far they came. */
  async store(lanes: readonly Pick<LanePosition, 'topic' | 'partition'>[]): Promise<void> {
    this.markMoved(lanes);
    await this.committer.flush();
    for (const name of new Set(lanes.map(laneName))) await this.lanes.get(name)?.acknowledged?.();
  }

  /** The same, after at most the delay, and again if that fails. */
  storeSoon(lanes: readonly Pick<LanePosition, 'topic' | 'partition'>[], delayMs: number): void {
    this.markMoved(lanes);
    this.committer.flushSoon(delayMs);
  }

  async end(): Promise<void> {
    this.isEnded = true;
    await this.parts.leave?.();
    this.committer.stop();
    await Promise.all([...this.lanes.values()].map((lane) => lane.stop()));
    await this.committer.flush().catch(() => undefined);
  }

  private markMoved(lanes: readonly Pick<LanePosition, 'topic' | 'partition'>[]): void {
    for (const name of new Set(lanes.map(laneName))) {
      const lane = this.lanes.get(name);
      if (lane === undefined) continue;
      const hasMoved = lane.advance();
      if (lane instanceof QueueLane && (hasMoved || this.parts.positions.keepsAbove)) this.committer.mark(lane);
    }
    this.events.onEntries();
  }

  private present(lanes: readonly LanePlace[]): DispatchLane[] {
    return lanes.map((lane) => this.lanes.get(laneName(lane))).filter((lane) => lane !== undefined);
  }

  private async letGo(lanes: readonly DispatchLane[]): Promise<void> {
    for (const lane of lanes) {
      const name = laneName(lane.lane);
      if (this.lanes.get(name) === lane) this.lanes.delete(name);
      if (lane instanceof QueueLane) this.committer.forget(lane);
      for (const entry of lane.entries) if (entry.state === 'held') this.events.onLost(entry);
    }
    this.departures.end(lanes);
    await Promise.all(lanes.map((lane) => lane.stop()));
    this.events.onEntries();
  }
}
