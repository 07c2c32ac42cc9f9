import { type LatestDataResponse, UNKNOWN_SOURCE } from '@distributary/contracts';
import {
  type EventRecord,
  PermittedEvents,
  type Principal,
  qualifyTopic,
  requirePermission,
} from '@distributary/distribution-core';
import { type CachedLatest, ofTenant } from '../cache/distribution-cache.js';
import type { CachedValues } from '../cache/cached-values.js';
import { type LatestQuery, parseLatestQuery, symbolNotFound } from '../queries/history-query.js';
import type { LatestTicks, Tick } from './latest-ticks.js';
import { newestEventOf } from './newest-event.js';

export class LatestService {
  /** `cached`: what other processes, or this one before it was started anew, have heard. */
  constructor(
    private readonly ticks: LatestTicks,
    private readonly cached?: Pick<CachedValues<CachedLatest>, 'get'>,
  ) {}

  /**
   * The newest trade, quote or bar of a symbol, of those that the principal may read. `request.invalid` with every problem,
   * `symbol.not_found` if there is none.
   */
  async latestOf(symbol: string, query: unknown, principal: Principal): Promise<LatestDataResponse> {
    requirePermission(principal, 'read');
    const asked = parseLatestQuery(symbol, query);
    const permitted = new PermittedEvents(principal, 'read');
    const isAskedFor = ({ topic, record }: Tick): boolean =>
      (asked.exchange === undefined || record.attributes.exchange === asked.exchange) &&
      (asked.dataType === undefined || record.attributes.data_type === asked.dataType) &&
      permitted.includes(topic.name, record);
    const event = newestEventOf(this.ticks, principal.tenant, asked.symbol, isAskedFor)?.event;
    if (event === undefined) return this.cachedOf(asked, principal);
    return {
      symbol: asked.symbol,
      data: event.data as LatestDataResponse['data'],
      timestamp: event.data.timestamp ?? event.timestamp,
      source: event.metadata.source ?? UNKNOWN_SOURCE,
    };
  }

  private async cachedOf(asked: LatestQuery, principal: Principal): Promise<LatestDataResponse> {
    const found = await this.cached?.get(ofTenant(principal.tenant, asked.symbol));
    if (found === undefined || !isAskedFor(found, asked)) throw symbolNotFound(asked);
    const { data_type: _type, source, topic, topic_version: catalogVersion, ...data } = found;
    const name = qualifyTopic(principal.tenant, topic);
    if (!this.ticks.isThere({ name, catalogVersion }) || !mayRead(principal, name)) throw symbolNotFound(asked);
    return { symbol: asked.symbol, data: data as LatestDataResponse['data'], timestamp: data.timestamp, source };
  }
}

const isAskedFor = (found: CachedLatest, { symbol, exchange, dataType }: LatestQuery): boolean =>
  // Others may write to this Redis.
  found.symbol === symbol &&
  typeof found.timestamp === 'string' &&
  typeof found.topic === 'string' &&
  (exchange === undefined || found.exchange === exchange) &&
  (dataType === undefined || found.data_type === dataType);

/** By permissions without a constraint alone: what those look at is not in the cache. */
function mayRead(principal: Principal, topicName: string): boolean {
  const permissions = principal.permissions.filter(({ constraint }) => constraint === undefined);
  const nothing: EventRecord = { eventId: '', timeMicros: 0, routingKey: '', attributes: {}, value: Buffer.alloc(0) };
  const permitted = new PermittedEvents({ ...principal, permissions }, 'read');
  return permitted.includes(topicName, nothing);
}
