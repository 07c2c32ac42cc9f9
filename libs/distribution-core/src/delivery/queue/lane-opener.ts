import { DedupeWindow } from '../../ingest/dedupe-window.js';
import { laneName } from '../../lane.js';
import type { EntryMatcher } from '../../matching/entry-matcher.js';
import type { Clock } from '../../ports/clock.port.js';
import type { LanePlace } from '../../ports/lane-groups.port.js';
import type { Log } from '../../ports/log.port.js';
import type { QueueOptions } from '../../ports/queue.port.js';
import type { PositionCommitter } from './position-committer.js';
import type { PositionKeeper } from './position-keeper.js';
import { QueueLane } from './queue-lane.js';

export interface LaneOpenerParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly positions: PositionKeeper;
  /** What the broker calls a topic of the options. */
  readonly brokerName: (topic: string) => string;
  /** Copies within this time are not delivered; without it all are. */
  readonly dedupeWindowMs: number | undefined;
  readonly committer: PositionCommitter;
  readonly matcher: EntryMatcher | undefined;
  readonly maxUnacked: number;
  readonly onEntries: () => void;
  readonly onPassed: (lane: QueueLane) => void;
}

/** Entries of one lane that wait or are held: a consumer may hold as many as it likes, the memory stays bounded. */
const MIN_LANE_ENTRIES = 1000;

/** Finds out where lanes stand, and sees to it that this is stored before anything of them is read. */
export class LaneOpener {
  constructor(private readonly parts: LaneOpenerParts) {}

  /** Lanes of these topics, of which `isWanted`, not yet started. Rejects with none of them marked or stored half. */
  async open(
    topics: readonly string[],
    start: QueueOptions['start'],
    isWanted: (lane: LanePlace) => boolean,
  ): Promise<readonly QueueLane[]> {
    const { log, positions, brokerName, committer } = this.parts;
    const known = new Map((await positions.load()).map((position) => [laneName(position), position]));
    const opened: QueueLane[] = [];
    const fresh: QueueLane[] = [];
    for (const topic of topics) {
      for (const { lane: found, beforeFirst, last } of await log.ends(brokerName(topic))) {
        const lane = { ...found, topic };
        if (!isWanted(lane)) continue;
        const stored = known.get(laneName(lane));
        // A topic created anew since is new from its first event on.
        const begin = stored !== undefined || start === 'earliest' ? beforeFirst : last;
        const isSame = stored?.epoch === lane.epoch;
        const opening = new QueueLane({
          ...this.parts,
          lane,
          brokerTopic: brokerName(topic),
          lowWater: isSame ? stored.position : begin,
          above: isSame ? stored.above : undefined,
          maxEntries: Math.max(MIN_LANE_ENTRIES, 2 * this.parts.maxUnacked),
          window: this.window(),
        });
        if (!isSame) fresh.push(opening);
        opened.push(opening);
      }
    }
    // From now on it exists: `latest` is not later after a restart.
    for (const lane of fresh) committer.mark(lane);
    try {
      await committer.flush();
    } catch (error) {
      for (const lane of fresh) committer.forget(lane);
      throw error;
    }
    return opened;
  }

  private window() {
    const { dedupeWindowMs: ms } = this.parts;
    return ms === undefined ? undefined : { copies: new DedupeWindow({ windowMs: ms }), ms };
  }
}
