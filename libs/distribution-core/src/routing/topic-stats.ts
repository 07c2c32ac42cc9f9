import { laneName } from '../lane.js';
import type { Clock } from '../ports/clock.port.js';
import type { LaneEnds, Log } from '../ports/log.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { offsetOfPosition, type Position, positionOfOffset } from '../position.js';

/** What one lane holds. Times are epoch microseconds, undefined for an empty lane. */
export interface LaneStatistics {
  readonly partition: number;
  readonly epoch: string;
  readonly events: number;
  readonly bytes: number;
  /** Everything after it can be read. */
  readonly beforeFirst: Position;
  readonly last: Position;
  /** When the broker took them. */
  readonly oldestMicros: number | undefined;
  readonly newestMicros: number | undefined;
  /** Taken by the broker per second, over the last minute; undefined where positions do not count events. */
  readonly eventsPerSecond: number | undefined;
  /** Subscriptions of this process that read it. */
  readonly subscribers: number;
}

export interface TopicStatisticsDependencies {
  readonly log: Log;
  readonly clock: Clock;
  readonly fanOut: { membersByLane(): ReadonlyMap<string, number> };
}

const RATE_WINDOW_S = 60;
/** Enough for the one record that is looked at. */
const LOOK_BYTES = 1;

/** What the lanes of a topic hold now, asked of the broker: no counting on the way of the events. */
export class TopicStatistics {
  constructor(private readonly deps: TopicStatisticsDependencies) {}

  async of(topic: TopicDefinition): Promise<readonly LaneStatistics[]> {
    const ends = await this.deps.log.ends(topic.brokerName);
    const members = this.deps.fanOut.membersByLane();
    return Promise.all(
      ends.map(async (lane) => ({
        partition: lane.lane.partition,
        epoch: lane.lane.epoch,
        events: lane.events,
        bytes: lane.bytes,
        beforeFirst: lane.beforeFirst,
        last: lane.last,
        oldestMicros: await this.takenAfter(topic, lane, lane.beforeFirst),
        newestMicros: await this.takenAfter(topic, lane, beforeLast(lane)),
        eventsPerSecond: await this.rateOf(topic, lane),
        subscribers: members.get(laneName({ topic: topic.name, partition: lane.lane.partition })) ?? 0,
      })),
    );
  }

  private async takenAfter(
    { brokerName }: TopicDefinition,
    { lane, last }: LaneEnds,
    after: Position,
  ): Promise<number | undefined> {
    if (after >= last) return undefined;
    const { partition } = lane;
    const [batch] = await this.deps.log.read({ topic: brokerName, partition, after }, LOOK_BYTES);
    return batch?.appendedMicros;
  }

  private async rateOf({ brokerName }: TopicDefinition, { lane, last }: LaneEnds): Promise<number | undefined> {
    const { log, clock } = this.deps;
    const since = await log.seek(brokerName, lane.partition, clock.nowMicros() - RATE_WINDOW_S * 1e6);
    const [from, to] = [offsetOfPosition(since), offsetOfPosition(last)];
    return from === undefined || to === undefined ? undefined : Math.max(0, to - from) / RATE_WINDOW_S;
  }
}

/** Where reading gives the newest event; the whole lane where positions do not count. */
function beforeLast({ beforeFirst, last }: LaneEnds): Position {
  const offset = offsetOfPosition(last);
  if (offset === undefined || offset <= 0) return beforeFirst;
  const before = positionOfOffset(offset - 1);
  return before < beforeFirst ? beforeFirst : before;
}
