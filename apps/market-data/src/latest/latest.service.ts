import { type LatestDataResponse, UNKNOWN_SOURCE } from '@distributary/contracts';
import { PermittedEvents, type Principal, requirePermission } from '@distributary/distribution-core';
import { storedEventOf } from '../events/stored-event.js';
import { parseLatestQuery, symbolNotFound } from '../queries/history-query.js';
import type { LatestTicks, Tick } from './latest-ticks.js';

export class LatestService {
  constructor(private readonly ticks: LatestTicks) {}

  /**
   * The newest trade, quote or bar of a symbol, of those that the principal may read. `request.invalid` with every problem,
   * `symbol.not_found` if there is none.
   */
  latestOf(symbol: string, query: unknown, principal: Principal): LatestDataResponse {
    requirePermission(principal, 'read');
    const asked = parseLatestQuery(symbol, query);
    const permitted = new PermittedEvents(principal, 'read');
    const isAskedFor = ({ topic, record }: Tick): boolean =>
      (asked.exchange === undefined || record.attributes.exchange === asked.exchange) &&
      (asked.dataType === undefined || record.attributes.data_type === asked.dataType) &&
      permitted.includes(topic, record);
    const [newest] = this.ticks
      .of(principal.tenant, asked.symbol)
      .filter(isAskedFor)
      .sort((one, other) => other.record.timeMicros - one.record.timeMicros);
    const event = newest === undefined ? undefined : storedEventOf(newest.record.value);
    if (event === undefined) throw symbolNotFound(asked);
    return {
      symbol: asked.symbol,
      data: event.data as LatestDataResponse['data'],
      timestamp: event.data.timestamp ?? event.timestamp,
      source: event.metadata.source ?? UNKNOWN_SOURCE,
    };
  }
}
