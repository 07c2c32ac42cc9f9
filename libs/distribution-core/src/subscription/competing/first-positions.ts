import { invalidRequest } from '../../errors/distribution-error.js';
import { laneName } from '../../lane.js';
import type { Log } from '../../ports/log.port.js';
import type { TopicDefinition } from '../../ports/topic-catalog.port.js';
import type { LanePosition } from '../../position.js';
import type { Start } from '../start.js';

/**
 * Where a new subscription of a shared type begins that asked for a time or a cursor; empty for the starts that its engine
 * knows. A lane that the cursor does not name, or names with another epoch, begins at its first event.
 */
export async function firstPositions(
  start: Start,
  topics: readonly TopicDefinition[],
  log: Log,
): Promise<readonly LanePosition[]> {
  if (start.at === 'latest' || start.at === 'earliest') return [];
  if (start.at === 'snapshot') {
    throw invalidRequest([
      { path: 'start', rule: 'shared types have no snapshot: there is no order to continue it in' },
    ]);
  }
  const named = new Map(start.at === 'cursor' ? start.cursor.positions.map((at) => [laneName(at), at]) : []);
  const positions: LanePosition[] = [];
  for (const { name, brokerName } of topics) {
    for (const { lane, beforeFirst } of await log.ends(brokerName)) {
      const own = { topic: name, partition: lane.partition, epoch: lane.epoch };
      const known = named.get(laneName(own));
      const position =
        start.at === 'time'
          ? await log.seek(brokerName, lane.partition, start.micros)
          : known?.epoch === lane.epoch
            ? known.position
            : beforeFirst;
      positions.push({ ...own, position });
    }
  }
  return positions;
}
