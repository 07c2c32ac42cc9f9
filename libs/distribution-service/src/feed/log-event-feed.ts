import {
  type Clock,
  compileTopicPattern,
  DedupeWindow,
  LaneTail,
  type Log,
  pause,
  type Position,
  type TopicDefinition,
  type TopicDirectory,
  unqualified,
} from '@distributary/distribution-core';
import type { EventFeed, FeedRequest } from './event-feed.js';
import { withoutCopies } from './without-copies.js';

const RETRY_MS = 1_000;
/** A topic that was created is read after this. */
const FOLLOW_MS = 500;
const CATCH_UP_LOOK_MS = 50;

interface FeedParts {
  readonly log: Log;
  readonly directory: TopicDirectory;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** Feeds the service's own parts from the log, lane by lane, apart from what subscribers are sent. */
export class LogEventFeed implements EventFeed {
  private readonly parts: FeedParts;
  private readonly followings = new Set<Following>();

  constructor(log: Log, directory: TopicDirectory, clock: Clock, onError: (error: unknown) => void) {
    this.parts = { log, directory, clock, onError };
  }

  subscribe(request: FeedRequest): () => Promise<void> {
    const following = new Following(request, this.parts);
    this.followings.add(following);
    return () => {
      this.followings.delete(following);
      return following.stop();
    };
  }

  /** Resolves when every consumer has what the log held at this call, or the signal aborts. Failure: `broker.unavailable`. */
  async caughtUp(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.followings].map((following) => following.caughtUp(signal)));
  }
}

/** One lane, and how far it was applied. */
interface FollowedLane {
  readonly tail: LaneTail;
  readonly brokerTopic: string;
  readonly partition: number;
  appliedTo: Position;
}

/** The topics of one request, those included that appear later, whose first event is then the start. */
class Following {
  private readonly ended = new AbortController();
  private readonly matches: (topic: string) => boolean;
  private readonly tails = new Map<string, FollowedLane[]>();
  private isReady = false;
  private seenVersion = Number.NaN;
  private readonly running: Promise<void>;

  constructor(
    private readonly request: FeedRequest,
    private readonly parts: FeedParts,
  ) {
    const patterns = request.patterns.map((pattern) => compileTopicPattern(pattern));
    this.matches = (topic) => {
      const name = request.allTenants === true ? unqualified(topic) : topic;
      return patterns.some((pattern) => pattern.matches(name));
    };
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.ended.abort();
    // First the tails, of which none is opened any more: what runs may be waiting for one of them to be ready.
    await Promise.all(this.lanes().map(({ tail }) => tail.stop()));
    await this.running;
  }

  async caughtUp(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.parts;
    while (!this.isReady && !signal.aborted && !this.ended.signal.aborted) await pause(clock, CATCH_UP_LOOK_MS, signal);
    const lanes = this.lanes();
    for (const brokerTopic of new Set(lanes.map((lane) => lane.brokerTopic))) {
      const ends = await log.ends(brokerTopic);
      for (const lane of lanes.filter((one) => one.brokerTopic === brokerTopic)) {
        const { last } = ends[lane.partition];
        while (lane.appliedTo < last && this.isFollowed(lane) && !signal.aborted) {
          await pause(clock, CATCH_UP_LOOK_MS, signal);
        }
      }
    }
  }

  private lanes(): readonly FollowedLane[] {
    return [...this.tails.values()].flat();
  }

  private isFollowed(lane: FollowedLane): boolean {
    return !this.ended.signal.aborted && [...this.tails.values()].some((lanes) => lanes.includes(lane));
  }

  /** The broker may not answer yet: tried again until it does or the feed is ended. */
  private async run(): Promise<void> {
    const { directory, onError } = this.parts;
    while (!this.ended.signal.aborted) {
      try {
        if (directory.version !== this.seenVersion) await this.openMissing();
        await this.pause(FOLLOW_MS);
      } catch (error) {
        onError(error);
        await this.pause(RETRY_MS);
      }
    }
  }

  private async openMissing(): Promise<void> {
    const { directory } = this.parts;
    const { version } = directory;
    const wanted = directory.list().filter(({ name }) => this.matches(name));
    const missing = wanted.filter((topic) => !this.tails.has(keyOf(topic)));
    const opening = missing.map((topic) => this.open(topic));
    await Promise.allSettled(opening);
    const keys = new Set(wanted.map(keyOf));
    for (const [key, tails] of this.tails) {
      if (keys.has(key)) continue;
      this.tails.delete(key);
      await Promise.all(tails.map(({ tail }) => tail.stop()));
    }
    // What could be opened is followed; if a topic could not, it alone is tried again.
    await Promise.all(opening);
    await Promise.all(this.lanes().map(({ tail }) => tail.ready));
    this.seenVersion = version;
    if (this.isReady || this.ended.signal.aborted) return;
    this.isReady = true;
    this.request.consumer.ready();
  }

  private async open(topic: TopicDefinition): Promise<void> {
    const { log, clock } = this.parts;
    const { start, consumer } = this.request;
    const { name, brokerName } = topic;
    const ends = await log.ends(brokerName);
    if (this.ended.signal.aborted) return;
    const lanes = ends.map(({ lane, beforeFirst, last }) => {
      const from = start === 'earliest' || this.isReady ? beforeFirst : last;
      const window = new DedupeWindow();
      const tail = new LaneTail(
        { log, clock, lane, brokerTopic: brokerName, window, windowFrom: from, from, readyAt: last },
        {
          onBatch: (batch, skip) => {
            const fresh = withoutCopies(batch, skip);
            if (fresh !== undefined) consumer.apply(fresh, name);
            followed.appliedTo = batch.lastPosition;
          },
          onGap: () => undefined,
          onStalled: () => undefined,
          onGone: () => undefined,
        },
      );
      const followed: FollowedLane = { tail, brokerTopic: brokerName, partition: lane.partition, appliedTo: from };
      return followed;
    });
    this.tails.set(keyOf(topic), lanes);
  }

  private pause(ms: number): Promise<void> {
    return pause(this.parts.clock, ms, this.ended.signal);
  }
}

/** A topic that was deleted and created again is another one. */
const keyOf = ({ name, catalogVersion }: TopicDefinition): string => `${name}\n${catalogVersion}`;
