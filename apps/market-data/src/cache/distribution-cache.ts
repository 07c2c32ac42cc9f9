import {
  type Cache,
  type Clock,
  type IdSource,
  type LaneStatistics,
  type Metrics,
  qualifyTopic,
  type RoutingRule,
} from '@distributary/distribution-core';
import { type CacheConfig, openCache } from '@distributary/persistence';
import { CachedValues } from './cached-values.js';

/** What a topic's lanes hold, when it was looked at. */
export interface CachedTopicStats {
  readonly topic: string;
  /** Epoch microseconds. */
  readonly atMicros: number;
  readonly lanes: readonly LaneStatistics[];
}

export interface CachedSubscriptionStatus {
  readonly status: 'ACTIVE' | 'PAUSED' | 'ERROR' | 'STOPPED';
  /** Of the durable subscription. */
  readonly topic: string;
}

/** How a lane's readers keep up, as one process sees it. */
export interface BackpressureInfo {
  /** Which one sees it: of several, the worst is told. */
  readonly process: string;
  /** `flowing`: everybody keeps up. `behind`: somebody is served from the past. `blocked`: somebody gets nothing. */
  readonly state: 'flowing' | 'behind' | 'blocked';
  readonly subscribers: number;
  readonly behind: number;
  readonly blocked: number;
  readonly pendingBytes: number;
}

/** The newest trade, quote or bar of a symbol: its normalized data, and what it takes to know who may be told. */
export interface CachedLatest extends Readonly<Record<string, unknown>> {
  readonly symbol: string;
  readonly exchange?: string;
  readonly timestamp: string;
  readonly data_type: string;
  /** The feed that it came from. */
  readonly source: string;
  /** Where it lies, in the tenant's words. */
  readonly topic: string;
  /** The catalog's version at which the topic appeared: one of this name that was created later is another one. */
  readonly topic_version: number;
}

/** The specification's keys and times to live. */
const KINDS = {
  latest: { name: 'latest', ttlMs: 60_000 },
  topicStats: { name: 'topic_stats', ttlMs: 30_000 },
  subscription: { name: 'subscription', ttlMs: 300_000 },
  routing: { name: 'routing', ttlMs: 900_000 },
  backpressure: { name: 'backpressure', ttlMs: 10_000 },
} as const;

/** What another process has changed is seen after this long at most, also if its hint is lost. */
const NEAR_TTL_MS = 1_000;

export interface OpenDistributionCacheOptions {
  readonly config: CacheConfig;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
}

/**
 * What REST reads may have from Redis, as the specification names it; the stream never looks here. Names are the catalog's:
 * those of other tenants than the default one begin with `@<tenant>/` ({@link ofTenant}). Whoever asks has checked
 * that it may be told.
 */
export class DistributionCache {
  /** `latest:{symbol}` */
  readonly latest: CachedValues<CachedLatest>;
  /** `topic_stats:{topic}` */
  readonly topicStats: CachedValues<CachedTopicStats>;
  /** `subscription:{id}` */
  readonly subscription: CachedValues<CachedSubscriptionStatus>;
  /** `routing:{pattern}`: the rules with that source pattern. */
  readonly routing: CachedValues<readonly RoutingRule[]>;
  private readonly lanes: CachedValues<BackpressureInfo>;

  constructor(
    readonly cache: Cache,
    metrics: Metrics,
  ) {
    this.latest = new CachedValues(cache, KINDS.latest, metrics);
    this.topicStats = new CachedValues(cache, KINDS.topicStats, metrics);
    this.subscription = new CachedValues(cache, KINDS.subscription, metrics);
    this.routing = new CachedValues(cache, KINDS.routing, metrics);
    this.lanes = new CachedValues(cache, KINDS.backpressure, metrics);
  }

  /** `backpressure:{topic}:{partition}` */
  backpressure(topic: string, partition: number): Promise<BackpressureInfo | undefined> {
    return this.lanes.get(laneOf(topic, partition));
  }

  async putBackpressure(topic: string, partition: number, info: BackpressureInfo): Promise<void> {
    await this.lanes.put(laneOf(topic, partition), info);
  }

  close(): Promise<void> {
    return this.cache.close();
  }
}

/** Without a `REDIS_URL` it is in memory alone. Never waits for Redis. */
export function openDistributionCache(options: OpenDistributionCacheOptions): DistributionCache {
  const { config, clock, ids, metrics } = options;
  const cache = openCache({ config, clock, ids, service: 'market-data', nearTtlMs: NEAR_TTL_MS });
  return new DistributionCache(cache, metrics);
}

/** A symbol, or a pattern of a rule, as a key of a tenant. */
export const ofTenant = (tenant: string, name: string): string => qualifyTopic(tenant, name);

const laneOf = (topic: string, partition: number): string => `${topic}:${partition}`;
