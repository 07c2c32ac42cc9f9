import type { Clock } from '@distributary/distribution-core';
import type { StatisticsTables } from './statistics-tables.js';

const HOUR_MICROS = 3_600_000_000;
/** As `distribution_metrics_ts` is kept, of which these rows are sums. */
const TOPICS_KEPT_MICROS = 7 * 24 * HOUR_MICROS;
const MOST_CHUNKS = 48;
const MOST_ROWS = 50_000;

type Tables = Pick<StatisticsTables, 'maintain' | 'deleteTopicsBefore'>;

/**
 * One step: chunks ahead, and away with what is too old, so much at a time that it soon ends. For a schedule of the role
 * `worker`, every ten minutes and once before anything is written; several processes may do it at once. What fails keeps
 * nothing else from being done, then it rejects.
 */
export async function keepStatistics(
  tables: Tables,
  clock: Clock,
): Promise<{ readonly created: number; readonly dropped: number; readonly deleted: number }> {
  const nowMicros = clock.nowMicros();
  const [chunks, deleted] = await Promise.allSettled([
    keepChunks(tables, nowMicros),
    tables.deleteTopicsBefore(nowMicros - TOPICS_KEPT_MICROS, MOST_ROWS),
  ]);
  if (chunks.status === 'rejected') throw chunks.reason;
  if (deleted.status === 'rejected') throw deleted.reason;
  return { ...chunks.value, deleted: deleted.value };
}

/** New chunks are committed before any is dropped: whoever reads for long keeps old ones from going, which undoes the call. */
async function keepChunks(tables: Tables, nowMicros: number): Promise<{ created: number; dropped: number }> {
  const made = await tables.maintain(nowMicros, 0);
  const kept = await tables.maintain(nowMicros, MOST_CHUNKS);
  return { created: made.created + kept.created, dropped: made.dropped + kept.dropped };
}
