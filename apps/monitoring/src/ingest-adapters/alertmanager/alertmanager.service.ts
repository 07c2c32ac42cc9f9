import { alertmanagerWebhookSchema, MAX_EVENTS_PER_REQUEST, type PublishResult } from '@distributary/contracts';
import { type Counter, type Metrics, type Principal, requirePermission } from '@distributary/distribution-core';
import { type Logger, parseWith } from '@distributary/distribution-nest';
import type { EventsService } from '@distributary/distribution-service';
import { alertEventOf } from './alert-event.js';

export interface WebhookAnswer {
  /** One for each alert, in their order. */
  readonly results: readonly PublishResult[];
  /** Alerts that the receiver's `max_alerts` kept from us. */
  readonly truncated_alerts: number;
}

/** Notifications of Prometheus Alertmanager as ALERTS events. */
export class AlertmanagerService {
  private readonly truncated: Counter;

  constructor(
    private readonly events: EventsService,
    private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.truncated = metrics.counter(
      'alertmanager_truncated_alerts_total',
      'Alerts that Alertmanager left out of its notifications',
    );
  }

  async take(body: unknown, principal: Principal): Promise<WebhookAnswer> {
    requirePermission(principal, 'publish');
    const { alerts, truncatedAlerts = 0, groupKey } = parseWith(alertmanagerWebhookSchema, body);
    if (truncatedAlerts > 0) {
      this.truncated.add(truncatedAlerts);
      this.logger.warn('alertmanager.truncated', { alerts: truncatedAlerts, group: groupKey });
    }
    const inputs = alerts.map(alertEventOf);
    const results: PublishResult[] = [];
    for (let from = 0; from < inputs.length; from += MAX_EVENTS_PER_REQUEST) {
      const batch = await this.events.ingest({ events: inputs.slice(from, from + MAX_EVENTS_PER_REQUEST) }, principal);
      results.push(...batch.results);
    }
    return { results, truncated_alerts: truncatedAlerts };
  }
}
