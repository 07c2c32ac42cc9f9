import { encodeCursor, type LanePosition, type Log, unqualified } from '@distributary/distribution-core';
import { laneKey } from '../archive/archive-row.js';

export interface HistoricalEnd {
  /** The catalog's names by the broker's. */
  readonly topics: ReadonlyMap<string, string>;
  /** Of the catalog when the topics were listed: newer ones are live from their first event. */
  readonly catalogVersion: number;
  /** Everything up to here was looked at. */
  readonly ends: readonly LanePosition[];
}

/**
 * Where a live subscription goes on, in the tenant's words. A lane of which history knows nothing is live from the first event
 * that is there: events whose producers chose keys of their own may lie in any lane.
 */
export async function liveCursor(
  log: Pick<Log, 'ends'>,
  { topics, catalogVersion, ends }: HistoricalEnd,
): Promise<string> {
  const known = new Map(ends.map((end) => [laneKey(end), end.position]));
  const positions: LanePosition[] = [];
  for (const [brokerName, name] of topics) {
    for (const { lane, beforeFirst } of await log.ends(brokerName)) {
      const { partition, epoch } = lane;
      positions.push({ topic: unqualified(name), partition, epoch, position: known.get(laneKey(lane)) ?? beforeFirst });
    }
  }
  return encodeCursor({ catalogVersion, positions });
}
