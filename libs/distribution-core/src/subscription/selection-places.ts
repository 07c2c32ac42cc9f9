import { invalidRequest } from '../errors/distribution-error.js';
import { compileSelection } from '../matching/entry-matcher.js';
import type { LaneEnds, Log } from '../ports/log.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { BEFORE_FIRST, type LanePosition, type Position } from '../position.js';
import type { Start } from './start.js';
import type { Selection } from './subscription.js';

export interface SelectionPlacesDependencies {
  readonly log: Log;
  readonly topics: { list(): readonly TopicDefinition[] };
}

/** Where a subscription begins or is moved to, as positions of every lane that it selects: asked of the broker. */
export class SelectionPlaces {
  constructor(private readonly deps: SelectionPlacesDependencies) {}

  topicsOf(selection: Selection): readonly TopicDefinition[] {
    const matcher = compileSelection(selection);
    return this.deps.topics.list().filter(({ name }) => matcher.matchesTopic(name));
  }

  /**
   * A lane that a cursor does not name begins at its first event if its topic is newer than the cursor, else at its end.
   * `request.invalid` for a snapshot, which only a reader can be sent, and for a cursor beyond what there is.
   */
  async at(topics: readonly TopicDefinition[], start: Start): Promise<readonly LanePosition[]> {
    if (start.at === 'snapshot') {
      throw invalidRequest([{ path: 'start', rule: 'must be latest, earliest, a time or a cursor' }]);
    }
    const places = await Promise.all(
      topics.map(async (topic) => {
        const ends = await this.deps.log.ends(topic.brokerName);
        return Promise.all(
          ends.map(async (lane) => ({
            topic: topic.name,
            partition: lane.lane.partition,
            epoch: lane.lane.epoch,
            position: await this.placeIn(topic, lane, start),
          })),
        );
      }),
    );
    return places.flat();
  }

  private async placeIn(topic: TopicDefinition, lane: LaneEnds, start: Start): Promise<Position> {
    switch (start.at) {
      case 'latest':
      case 'snapshot':
        return lane.last;
      case 'earliest':
        return lane.beforeFirst;
      case 'time': {
        const found = await this.deps.log.seek(topic.brokerName, lane.lane.partition, start.micros);
        return found < lane.beforeFirst ? lane.beforeFirst : found;
      }
      case 'cursor': {
        const { partition, epoch } = lane.lane;
        const named = start.cursor.positions.find((at) => at.topic === topic.name && at.partition === partition);
        if (named === undefined) return topic.catalogVersion > start.cursor.catalogVersion ? BEFORE_FIRST : lane.last;
        if (named.epoch !== epoch) return lane.beforeFirst;
        if (named.position <= lane.last) return named.position;
        throw invalidRequest([{ path: 'start.cursor', rule: `must not be beyond the end of ${topic.name}` }]);
      }
    }
  }
}
