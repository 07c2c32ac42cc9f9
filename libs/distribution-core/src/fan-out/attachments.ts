import { DistributionError } from '../errors/distribution-error.js';
import { compileSelection, type EntryMatcher } from '../matching/entry-matcher.js';
import type { Clock } from '../ports/clock.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import type { LanePosition, Position } from '../position.js';
import type { Selection } from '../subscription/subscription.js';
import type { CatchUp } from './catch-up.js';
import type { Feed, FeedLane, FlushTime } from './feed.js';
import type { FeedTable } from './feed-table.js';
import type { LaneState } from './lane-state.js';
import type { LastValueRebuild } from './last-value-rebuild.js';
import type { LastValueTables } from './last-value-table.js';
import { Member, type MemberOptions } from './member.js';
import type { FrameEncoder, Outlet } from './outlet.js';
import { type PrivateFrames, sendGap } from './private-frames.js';
import type { TailedLanes } from './tailed-lanes.js';

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
   * both have, so nothing of them is missing and nothing comes twice, and with the credit that is left of that one.
   * `startOf` is for the others.
   */
  readonly replaces?: Member;
  /** Called before anything is written to the outlet for this member. */
  readonly onAttached: (member: Member, positions: readonly LanePosition[]) => void;
}

/** Lanes of the selection were closed or opened each time. */
const MAX_ATTACH_ATTEMPTS = 5;
/** Events of a snapshot's frame. */
const SNAPSHOT_CHUNK = 1000;

export interface AttachmentsDependencies {
  readonly clock: Clock;
  readonly feeds: FeedTable;
  readonly lanes: TailedLanes;
  readonly lastValues: LastValueTables;
  readonly rebuild: LastValueRebuild;
  readonly frames: PrivateFrames;
  readonly catchUp: CatchUp;
  /** All that exist now. */
  readonly topics: () => readonly TopicDefinition[];
  readonly time: () => FlushTime;
  readonly serveSoon: (member: Member) => void;
  /** Adds a lane to the feed and tells its members, unless it has it. */
  readonly laneAdded: (feed: Feed, state: LaneState) => void;
  readonly detach: (member: Member) => void;
}

/** How a subscription joins the fan-out: where it begins, in which feed, and with which values. */
export class Attachments {
  constructor(private readonly deps: AttachmentsDependencies) {}

  /** `topic.not_found` if no topic matches; `gateway.full` at the limit of feeds. */
  async attach(request: AttachRequest): Promise<Member> {
    const { feeds, lanes, catchUp, clock, time, serveSoon, laneAdded } = this.deps;
    const matcher = compileSelection(request.selection);
    const starts = await this.startsOf(request, matcher);

    // From here on nothing is awaited: the member, its feed and its positions fit together.
    if (request.replaces?.state === 'gone') {
      throw new DistributionError('subscription.not_found', 'the subscription has ended');
    }
    // Up to here it is told by the old selection, whether anything of it matched or not.
    request.replaces?.feed.tellPositions(time());
    const feed = this.feedOf(request.selection, request.encoder, request.otherFeeds);
    // A feed that was there before hears of a new topic only when its turn comes; whoever attaches may have a place in it.
    for (const state of lanes.values()) if (starts.has(state)) laneAdded(feed, state);
    feed.tellPositions(time());
    const member = new Member(feed, request.outlet, memberOptions(request), clock, serveSoon);
    const { replaces } = request;
    for (const lane of feed.lanes.values()) {
      const start = replaces?.positionIn(lane.state) ?? starts.get(lane.state) ?? 'live';
      member.tell(lane, start === 'live' ? lane.told : start, undefined);
    }
    if (replaces !== undefined) this.replace(replaces, member);
    request.onAttached(member, member.positions());
    if (request.snapshot) {
      let lanesLeft = feed.lanes.size;
      for (const lane of feed.lanes.values()) this.sendSnapshot(member, lane, --lanesLeft === 0);
    }
    catchUp.serve(member);
    feeds.countMembers();
    return member;
  }

  /** What the one before was, the new one is: paused, told that it is slow. */
  private replace(before: Member, member: Member): void {
    if (before.state === 'paused') member.pause();
    member.isSlow = before.isSlow;
    this.deps.detach(before);
  }

  private feedOf(selection: Selection, encoder: FrameEncoder, others?: ReadonlySet<number>): Feed {
    return this.deps.feeds.of(selection, encoder, others, (feed) => {
      for (const state of this.deps.lanes.values()) {
        if (feed.matcher.matchesTopic(state.lane.topic)) feed.addLane(state, state.segments.end);
      }
    });
  }

  /** Where each lane of the selection begins. Rejects as {@link attach} does. */
  private async startsOf(request: AttachRequest, matcher: EntryMatcher): Promise<Map<LaneState, Position | 'live'>> {
    const { lanes } = this.deps;
    const starts = new Map<LaneState, Position | 'live'>();
    for (let attempt = 0; attempt < MAX_ATTACH_ATTEMPTS; attempt++) {
      const topics = this.deps.topics().filter((topic) => matcher.matchesTopic(topic.name));
      if (topics.length === 0) {
        throw new DistributionError(
          'topic.not_found',
          `no topic matches ${request.selection.topicPatterns.join(', ')}`,
        );
      }
      // Meanwhile topics may come, go and begin anew, and lanes that nobody wants yet be closed.
      const isSettled = topics.every((topic) => lanes.opened(topic)?.every((state) => starts.has(state)));
      if (isSettled) return starts;
      const states = (await Promise.all(topics.map((topic) => lanes.open(topic)))).flat();
      if (request.snapshot) await this.untilSnapshotComplete(request, states);
      const fresh = states.filter((state) => !starts.has(state));
      await Promise.all(fresh.map(async (state) => starts.set(state, await request.startOf(state))));
    }
    throw new DistributionError('broker.unavailable', 'the topics of the selection change too fast');
  }

  /** A snapshot is never partial: while older values are still being read, it waits for them. */
  private async untilSnapshotComplete(request: AttachRequest, states: readonly LaneState[]): Promise<void> {
    const { rebuild } = this.deps;
    if (!states.some((state) => rebuild.isRunning(state))) return;
    request.outlet.send({ type: 'status', payload: { id: request.subscriptionId, state: 'recovering' } });
    await rebuild.whenDone(states);
    request.outlet.send({ type: 'status', payload: { id: request.subscriptionId, state: 'live' } });
  }

  private sendSnapshot(member: Member, lane: FeedLane, isLastLane: boolean): void {
    const { lastValues, frames } = this.deps;
    const { lane: where, topic } = lane.state;
    if (!lastValues.isComplete(topic.name, where.partition)) {
      // Keys beyond the table's limit were forgotten: what the snapshot lacks is announced.
      sendGap(member, lane, '', member.reachedIn(lane), 'policy');
    }
    const values = lastValues.select(topic.name, where.partition, member.feed.matcher);
    for (let at = 0; at === 0 || at < values.length; at += SNAPSHOT_CHUNK) {
      const isLast = at + SNAPSHOT_CHUNK >= values.length;
      frames.snapshot(member, {
        lane: where,
        pos: member.reachedIn(lane),
        values: values.slice(at, at + SNAPSHOT_CHUNK),
        isLast,
        isLastOfAll: isLast && isLastLane,
      });
    }
  }
}

/** What a member keeps for as long as it lives, and nothing else of what was asked for. */
function memberOptions(request: AttachRequest): MemberOptions {
  const { subscriptionId, policy, keepsGuaranteed, maxRate, replaces } = request;
  return { subscriptionId, policy, keepsGuaranteed, credit: replaces?.creditLeft ?? request.credit, maxRate };
}
