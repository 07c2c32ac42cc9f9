import type { EventBatch, Position, TailStart } from '@distributary/distribution-core';
import { invalidRequest, offsetOfPosition } from '@distributary/distribution-core';
import type { EmbeddedMetrics } from './embedded-metrics.js';
import { positionLost, topicNotFound } from './embedded.errors.js';
import { offsetAtTime, readBatches } from './lane-records.js';
import { positionBefore, readLaneState } from './lane-state.js';
import type { LmdbStore } from './lmdb-store.js';
import type { StoredLane, TopicTable } from './topic-table.js';

/** Where a reader stands. */
export interface ReadPlace {
  readonly lane: StoredLane;
  /** Of the next event that it wants. */
  offset: number;
}

/** Reads lanes in short snapshots; every call looks anew whether the topic and the position are still there. */
export class LaneReader {
  constructor(
    private readonly store: LmdbStore,
    private readonly topics: TopicTable,
    private readonly metrics: EmbeddedMetrics,
  ) {}

  open({ topic, partition, after, epoch }: TailStart): ReadPlace {
    const offset = offsetOfPosition(after);
    if (offset === undefined) throw invalidRequest([{ path: 'after', rule: 'must be a position of this log' }]);
    const lane = this.store.read(() => this.topics.lane(topic, partition));
    if (epoch !== undefined && epoch !== lane.epoch) {
      throw positionLost(`${topic}#${partition} has begun anew since this position was given`);
    }
    return { lane, offset: offset + 1 };
  }

  /** What is there now, oldest first; moves the place behind it. */
  next(place: ReadPlace, maxBytes: number): EventBatch[] {
    const batches = this.store.read(() => {
      const { lane, offset } = place;
      if (this.topics.lane(lane.topic, lane.partition).laneId !== lane.laneId) throw topicNotFound(lane.topic);
      const { first, next } = readLaneState(this.store, lane.laneId);
      if (offset < first)
        throw positionLost(`retention has passed offset ${offset} of ${lane.topic}#${lane.partition}`);
      if (offset > next) throw positionLost(`${lane.topic}#${lane.partition} has no offset ${offset - 1}`);
      return offset === next ? [] : readBatches(this.store, lane, offset, maxBytes);
    });
    let events = 0;
    for (const batch of batches) events += batch.count;
    place.offset += events;
    this.metrics.read(events);
    return batches;
  }

  seek(topic: string, partition: number, timeMicros: number): Position {
    return this.store.read(() => {
      const { laneId } = this.topics.lane(topic, partition);
      const { first, next } = readLaneState(this.store, laneId);
      return positionBefore(offsetAtTime(this.store, laneId, first, next, timeMicros));
    });
  }
}
