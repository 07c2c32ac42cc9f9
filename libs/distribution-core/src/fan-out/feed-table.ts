import { DistributionError } from '../errors/distribution-error.js';
import { canonicalSelection } from '../matching/canonical-filter.js';
import { compileSelection } from '../matching/entry-matcher.js';
import { MatchIndex } from '../matching/match-index.js';
import type { Gauge, Metrics } from '../ports/metrics.port.js';
import type { Selection } from '../subscription/subscription.js';
import { Feed } from './feed.js';
import type { FrameEncoder } from './outlet.js';
import { PendingMatches } from './pending-matches.js';

/** Counts since the feed exists, or of this moment (members, behind, slow). */
export interface FeedStatistics {
  readonly feed: number;
  readonly key: string;
  readonly members: number;
  readonly behind: number;
  readonly slow: number;
  /** Events of its lanes, and those of them that its selection picked. */
  readonly examined: number;
  readonly matched: number;
}

/**
 * More members of one selection are served by further feeds, flushed one after another: an event that arrives while
 * the first are written to goes out to the others at once. Measured at a thousand members: smaller feeds made rounds
 * longer, one feed made ingest wait.
 */
const MAX_FEED_MEMBERS = 512;

/** The feeds of this process: one of each selection and encoding, found by its key or by matching. */
export class FeedTable {
  /** Feeds by their slots. */
  readonly index = new MatchIndex();
  readonly matches = new PendingMatches();
  private readonly feeds = new Set<Feed>();
  private readonly byKey = new Map<string, Feed>();
  private readonly bySlot: (Feed | undefined)[] = [];
  private readonly freeSlots: number[] = [];
  private lastId = 0;
  private readonly feedGauge: Gauge;
  private readonly memberGauge: Gauge;
  private readonly behindGauge: Gauge;

  constructor(
    metrics: Metrics,
    private readonly maxFeeds: number,
    private readonly nextMark: () => number,
  ) {
    this.feedGauge = metrics.gauge('fan_out_feeds', 'Distinct feeds');
    this.memberGauge = metrics.gauge('fan_out_subscriptions', 'Subscriptions that are attached');
    this.behindGauge = metrics.gauge('fan_out_subscriptions_behind', 'Subscriptions that do not keep up at present');
  }

  get size(): number {
    return this.feeds.size;
  }

  values(): IterableIterator<Feed> {
    return this.feeds.values();
  }

  at(slot: number): Feed {
    return this.bySlot[slot] as Feed;
  }

  /** A number that no feed has. */
  takeNumber(): number {
    return ++this.lastId;
  }

  /**
   * The feed of this selection and encoding that has room and is not among `others`; `created` is called for a new one.
   * `gateway.full` at the limit.
   */
  of(
    selection: Selection,
    encoder: FrameEncoder,
    others: ReadonlySet<number> | undefined,
    created: (feed: Feed) => void,
  ): Feed {
    const base = `${encoder.name} ${canonicalSelection(selection)}`;
    let key = base;
    for (let shard = 1; ; shard++) {
      const known = this.byKey.get(key);
      if (known === undefined) break;
      if (known.memberCount < MAX_FEED_MEMBERS && others?.has(known.id) !== true) return known;
      key = `${base} ${shard}`;
    }
    if (this.feeds.size >= this.maxFeeds) {
      throw new DistributionError('gateway.full', `this gateway serves its ${this.maxFeeds} different feeds already`, {
        retryAfterMs: 1000,
      });
    }
    const matcher = compileSelection(selection);
    const slot = this.freeSlots.pop() ?? this.bySlot.length;
    const feed = new Feed(this.takeNumber(), slot, key, selection, matcher, encoder, this.matches, this.nextMark);
    this.bySlot[slot] = feed;
    created(feed);
    this.feeds.add(feed);
    this.byKey.set(key, feed);
    this.index.add(slot, selection);
    this.feedGauge.set(this.feeds.size);
    return feed;
  }

  /** Whatever is kept by its slot must have been forgotten. */
  drop(feed: Feed): void {
    const { slot } = feed;
    if (slot < 0) return;
    this.feeds.delete(feed);
    this.byKey.delete(feed.key);
    this.index.remove(slot);
    this.matches.take(slot, feed);
    this.bySlot[slot] = undefined;
    this.freeSlots.push(slot);
    feed.slot = -1;
    this.feedGauge.set(this.feeds.size);
  }

  countMembers(): void {
    let members = 0;
    for (const feed of this.feeds) members += feed.memberCount;
    this.memberGauge.set(members);
  }

  countBehind(): void {
    let behind = 0;
    for (const feed of this.feeds) behind += feed.behind.size;
    this.behindGauge.set(behind);
  }

  statistics(): FeedStatistics[] {
    return [...this.feeds].map((feed) => {
      let examined = 0;
      for (const lane of feed.lanes.values()) examined += lane.state.eventCount - lane.eventsBefore;
      return {
        feed: feed.id,
        key: feed.key,
        members: feed.memberCount,
        behind: feed.behind.size,
        slow: countSlow(feed),
        examined,
        matched: feed.matchedEvents(),
      };
    });
  }

  /** How many subscriptions are attached to each lane, by lane name. */
  membersByLane(): Map<string, number> {
    const members = new Map<string, number>();
    for (const feed of this.feeds) {
      for (const { lane } of feed.lanes.keys()) {
        const name = `${lane.topic}#${lane.partition}`;
        members.set(name, (members.get(name) ?? 0) + feed.memberCount);
      }
    }
    return members;
  }
}

function countSlow(feed: Feed): number {
  let slow = 0;
  for (const member of feed.live) if (member.isSlow) slow++;
  for (const member of feed.behind) if (!member.hasRoom) slow++;
  return slow;
}
