import { type Clock, type IdSource, LOCAL_PRINCIPAL, type Metrics, ReadCache } from '@distributary/distribution-core';
import {
  adminArea,
  argumentOf,
  CachedReads,
  CacheStatsController,
  PerformanceService,
  ReadCacheInterceptor,
  TopicsService,
} from '@distributary/distribution-nest';
import { openCache } from '@distributary/persistence';
import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import type { ServiceConfig } from '../config/service.config.js';
import type { Features } from '../domain.js';

export interface ReadCachingSurroundings {
  /** Of the service: its processes share what one of them has read. */
  readonly name: string;
  readonly config: ServiceConfig;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
}

export interface ReadCaching {
  readonly interceptor: ReadCacheInterceptor;
  readonly areas: readonly DynamicModule[];
  /** The services are asked for what is not there. */
  connect(app: INestApplicationContext, features: Features): void;
  /** `preloaded`: kinds that are read ahead. */
  start(preloaded: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** As docs/architecture.md says: no answer is older than this. */
const STATISTICS_TTL_MS = 2_000;
const NOTHING_TTL_MS = 250;
const PRELOAD_EVERY_MS = 1_000;

export function openReadCaching({ name, config, clock, ids, metrics }: ReadCachingSurroundings): ReadCaching {
  const cache = openCache({ config, clock, ids, service: name, nearTtlMs: STATISTICS_TTL_MS });
  const reads = new CachedReads(new ReadCache({ cache, clock, metrics, prefix: `${name}:` }));
  return {
    interceptor: new ReadCacheInterceptor(reads),
    areas: [adminArea('CacheStats', [CacheStatsController], [[CachedReads, reads]])],
    connect: (app, features) => {
      addReads(reads, app);
      features.addReads(reads, app);
    },
    start: (preloaded) => {
      const argument = argumentOf({ ...LOCAL_PRINCIPAL, params: {}, query: {} });
      return reads.cache.start(
        PRELOAD_EVERY_MS,
        preloaded.map((kind) => `${kind}:${argument}`),
      );
    },
    stop: () => reads.cache.stop(),
  };
}

function addReads(reads: CachedReads, app: INestApplicationContext): void {
  const topics = app.get(TopicsService, { strict: false });
  const performance = app.get(PerformanceService, { strict: false });
  reads.add({
    kind: 'topics.stats',
    ttlMs: STATISTICS_TTL_MS,
    negativeTtlMs: NOTHING_TTL_MS,
    negativeCodes: ['topic.not_found'],
    load: ({ params }, principal) => topics.stats(principal, params.name),
  });
  reads.add({
    kind: 'stats.topics',
    ttlMs: STATISTICS_TTL_MS,
    load: ({ query }, principal) => performance.topics(principal, query),
  });
}
