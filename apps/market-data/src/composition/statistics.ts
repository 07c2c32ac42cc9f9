import type { Clock, Metrics } from '@distributary/distribution-core';
import type { Logger, Roles } from '@distributary/distribution-nest';
import { type Parts, RepeatingTask, type Schedule } from '@distributary/distribution-service';
import type { MarketDataConfig } from '../config/market-data.config.js';
import { DistributionStatistics } from '../statistics/distribution-statistics.js';
import { keepStatistics } from '../statistics/statistics-retention.js';
import { StatisticsTables } from '../statistics/statistics-tables.js';

export interface StatisticsSurroundings {
  readonly config: Pick<MarketDataConfig, 'STATISTICS_INTERVAL_MS' | 'DELIVERY_LOG_SAMPLE_PPM'>;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

const KEEP_EVERY_MS = 600_000;
const MILLION = 1_000_000;

/** Each gateway writes what it distributed; a worker makes room for the rows, and takes old ones away. */
export function openStatistics(parts: Parts, around: StatisticsSurroundings): Schedule {
  const { config, roles, clock, metrics, logger } = around;
  const tables = new StatisticsTables(parts.storage.own);
  const statistics = new DistributionStatistics(
    {
      tables,
      clock,
      metrics,
      onError: (error) => logger.warn('statistics.write_failed', { error }),
    },
    { intervalMs: config.STATISTICS_INTERVAL_MS, sampleRate: config.DELIVERY_LOG_SAMPLE_PPM / MILLION },
  );
  const keep = async () => void (await keepStatistics(tables, clock));
  const keeping = new RepeatingTask('statistics', KEEP_EVERY_MS, clock, keep, logger);
  if (roles.has('gateway')) {
    parts.observe(statistics.figures);
    parts.observe(statistics.deliveries.flushes);
    parts.guarantees.outcomes.observer = statistics.deliveries;
  }
  return {
    start() {
      // Rows of a time that has no partition yet are refused; the first ones come an interval later.
      if (roles.has('worker') || roles.has('gateway'))
        void keep().catch((error: unknown) => logger.warn('statistics.not_kept', { error }));
      if (roles.has('worker')) keeping.start();
      if (roles.has('gateway')) statistics.start();
    },
    async stop() {
      // Sessions end later: whoever comes back is told nothing of it here.
      parts.guarantees.outcomes.observer = undefined;
      await keeping.stop();
      if (roles.has('gateway')) await statistics.stop();
    },
  };
}
