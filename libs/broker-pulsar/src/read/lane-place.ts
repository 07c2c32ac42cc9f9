import type { Lane, Position, TailStart } from '@distributary/distribution-core';
import { BEFORE_FIRST } from '@distributary/distribution-core';
import { positionLost, topicNotFound } from '../pulsar.errors.js';
import { entryOf, placeOf } from '../records/message-position.js';
import type { LaneStats, LaneStatsFinder } from '../topics/lane-stats.js';
import type { PulsarTopic } from '../topics/pulsar-topic.js';
import type { TopicDirectory } from '../topics/topic-directory.js';

/** Where a reader stands. */
export interface ReadPlace {
  readonly topic: PulsarTopic;
  readonly lane: Lane;
  /** Of the last message that it was given. */
  after: Position;
}

/** Finds lanes, and says whether what a reader wants of them is still there. */
export class LaneFinder {
  constructor(
    private readonly directory: Pick<TopicDirectory, 'topic' | 'find' | 'hasSeenEnd'>,
    private readonly stats: Pick<LaneStatsFinder, 'of'>,
  ) {}

  /** `position.lost` if the topic has begun anew since `epoch`, or what is wanted has expired. */
  async open({ topic: name, partition, after, epoch }: TailStart): Promise<ReadPlace & { readonly stats: LaneStats }> {
    placeOf(after);
    const topic = await this.directory.topic(name, 0);
    if (partition >= topic.partitions) throw topicNotFound(`${name}#${partition}`);
    if (epoch !== undefined && epoch !== topic.epoch) {
      throw positionLost(`${name}#${partition} has begun anew since this position was given`);
    }
    const place = { topic, lane: { topic: name, partition, epoch: topic.epoch }, after };
    return { ...place, stats: await this.checked(place) };
  }

  /** `topic.not_found` if the lane's epoch is over, `position.lost` if what comes next has expired. */
  async again(place: ReadPlace): Promise<void> {
    const { topic, epoch } = place.lane;
    const found = await this.directory.topic(topic, 0);
    if (found.epoch !== epoch) throw topicNotFound(topic);
    await this.checked(place);
  }

  /** Whether the epoch goes on, as it was known no longer ago than that. */
  async isThere({ lane }: ReadPlace, maxAgeMs: number): Promise<boolean> {
    return (await this.directory.find(lane.topic, maxAgeMs))?.epoch === lane.epoch;
  }

  /** As far as this process knows. */
  isKnownGone({ lane }: ReadPlace): boolean {
    return this.directory.hasSeenEnd(lane.topic, lane.epoch);
  }

  /**
   * Between entries of two ledgers others may have lain that have expired: rejects with `position.lost` unless Pulsar still
   * has the first one, with no entry behind the given one, and the second is next to it. In topics of others entries lie
   * between that no reader is given: markers, what was aborted, the first pieces of a message in several. Retention takes
   * the oldest ledger first, so there it is enough that Pulsar still has the first one.
   */
  async checkStep(place: ReadPlace, from: Position, to: Position): Promise<void> {
    const before = placeOf(from);
    const next = placeOf(to);
    if (before === undefined || next === undefined || before.ledger === next.ledger) return;
    const { ledgers } = await this.stats.of(place.topic, place.lane.partition);
    if (!place.topic.isOurs && ledgers.some(({ ledger }) => ledger === before.ledger)) return;
    const filled = ledgers.filter(({ ledger, entries }) => entries > 0 || ledger === before.ledger);
    const at = filled.findIndex(({ ledger }) => ledger === before.ledger);
    const isNext = at >= 0 && before.entry >= filled[at].entries - 1 && filled[at + 1]?.ledger === next.ledger;
    if (!isNext || next.entry !== 0) throw expired(place.lane);
  }

  private async checked({ topic, lane, after }: ReadPlace): Promise<LaneStats> {
    const stats = await this.stats.of(topic, lane.partition);
    const isBefore = after === BEFORE_FIRST ? topic.isOurs && !stats.isWhole : after < stats.beforeFirst;
    if (isBefore && !isBeginning(after, stats)) throw expired(lane);
    // Of the last entry Pulsar does not tell how many messages it has.
    if (entryOf(after) > stats.last) throw positionLost(`${lane.topic}#${lane.partition} has no such position`);
    return stats;
  }
}

/** Before the first entry of a lane of which nothing has expired: that one is no event. */
const isBeginning = (after: Position, { isWhole, ledgers }: LaneStats): boolean =>
  isWhole && placeOf(after)?.ledger === ledgers[0]?.ledger;

const expired = ({ topic, partition }: Lane) =>
  positionLost(`retention has passed this position of ${topic}#${partition}`);
