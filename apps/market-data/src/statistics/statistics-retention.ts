import type { Clock } from '@distributary/distribution-core';
import type { StatisticsTables } from './statistics-tables.js';

const HOUR_MICROS = 3_600_000_000;
/** As `distribution_metrics_ts` is kept, of which these rows are sums. */
const TOPICS_KEPT_MICROS = 7 * 24 * HOUR_MICROS;
const MOST_CHUNKS = 48;
const MOST_ROWS = 50_000;

/**
 * One step: chunks ahead, and away with what is too old, so much at a time that it soon ends. For a schedule of the role
 * `worker`, every ten minutes and once before anything is written; several processes may do it at once.
 */
export async function keepStatistics(
  tables: Pick<StatisticsTables, 'maintain' | 'deleteTopicsBefore'>,
  clock: Clock,
): Promise<{ readonly created: number; readonly dropped: number; readonly deleted: number }> {
  const nowMicros = clock.nowMicros();
  const chunks = await tables.maintain(nowMicros, MOST_CHUNKS);
  const deleted = await tables.deleteTopicsBefore(nowMicros - TOPICS_KEPT_MICROS, MOST_ROWS);
  return { ...chunks, deleted };
}
