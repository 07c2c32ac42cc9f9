import { type Clock, LOCAL_PRINCIPAL, type Metrics } from '@distributary/distribution-core';
import type { Logger } from '@distributary/distribution-nest';
import {
  type Duties,
  LogEventFeed,
  type Parts,
  RepeatingTask,
  type Schedule,
} from '@distributary/distribution-service';
import { MarketManners } from '../manners/market-manners.js';

export interface MannerSurroundings {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** What sources are heard by. */
const PATTERNS = ['market-data/normalized/#', 'market-data/quotes/#', 'market-data/bars/#'];
const CHECK_EVERY_MS = 1_000;

/** One worker of an installation listens to the sources and says how they behave; a new one begins anew, with what comes from then on. */
export function openManners(parts: Parts, duties: Duties, around: MannerSurroundings): Schedule {
  const { clock, metrics, logger } = around;
  const feed = new LogEventFeed(parts.log, parts.directory, clock, (error) => logger.error('feed.failed', { error }));
  let manners: MarketManners | undefined;
  let end: (() => Promise<void>) | undefined;
  const stopListening = async () => {
    const ended = end;
    end = manners = undefined;
    await ended?.();
  };
  duties.add('market-manners', {
    onTaken: () => {
      const listening = new MarketManners({
        clock,
        metrics,
        publish: (events, tenant) => parts.publisher.publish(events, { ...LOCAL_PRINCIPAL, tenant }),
      });
      manners = listening;
      end = feed.subscribe({
        patterns: PATTERNS,
        start: 'latest',
        allTenants: true,
        consumer: { apply: (batch, topic) => listening.apply(batch, topic), ready: () => undefined },
      });
    },
    onLost: () => void stopListening(),
  });
  const checking = new RepeatingTask('market-manners', CHECK_EVERY_MS, clock, () => manners?.check(), logger);
  return {
    start: () => checking.start(),
    stop: async () => {
      await checking.stop();
      await stopListening();
    },
  };
}
