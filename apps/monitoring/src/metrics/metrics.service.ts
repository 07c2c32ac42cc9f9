import type { LatestMetric, LatestMetrics, MetricsData } from '@distributary/contracts';
import {
  type Clock,
  DistributionError,
  PermittedEvents,
  type Principal,
  requirePermission,
} from '@distributary/distribution-core';
import { isoOfMicros } from '@distributary/distribution-service';
import { storedEventOf } from '../events/stored-event.js';
import type { LatestEvents } from './latest-events.js';

export class MetricsService {
  constructor(
    private readonly latest: LatestEvents,
    private readonly clock: Clock,
  ) {}

  /**
   * The newest figure of each metric of a service, sorted by name. A metric with several routing keys (one per host, say)
   * is there once for each. `service.not_found` if the service was never heard of in what the
   * principal may read; one without metrics has none.
   */
  latestOf(service: string, principal: Principal): LatestMetrics {
    requirePermission(principal, 'read');
    const permitted = new PermittedEvents(principal, 'read');
    let isKnown = false;
    const metrics: LatestMetric[] = [];
    for (const record of this.latest.ofService(service, permitted)) {
      isKnown = true;
      if (record.attributes.data_type !== 'METRICS') continue;
      const event = storedEventOf<MetricsData>(record.value);
      if (event === undefined || typeof event.data.current_value !== 'number') continue;
      const { metric_name, current_value, unit, threshold, labels } = event.data;
      const { severity } = event.metadata;
      metrics.push({
        metric_name,
        current_value,
        ...(unit === undefined ? {} : { unit }),
        ...(threshold === undefined ? {} : { threshold }),
        ...(severity === undefined ? {} : { severity }),
        ...(labels === undefined ? {} : { labels }),
        timestamp: event.timestamp,
        event_id: event.event_id,
      });
    }
    if (!isKnown) throw new DistributionError('service.not_found', `no events of a service named ${service}`);
    metrics.sort((a, b) => (a.metric_name < b.metric_name ? -1 : 1));
    return { service_name: service, metrics, generated_at: isoOfMicros(this.clock.nowMicros()) };
  }
}
