import { MAX_EVENTS_PER_REQUEST, type MonitoringEventInput, type PublishResult } from '@distributary/contracts';
import { type Clock, DistributionError, invalidRequest, type Principal } from '@distributary/distribution-core';
import type { EventPublisher } from './publisher.js';

/** Events from outside: one object, a list, or `{ events: [...] }`. */
export class EventsService {
  constructor(
    private readonly publisher: EventPublisher,
    private readonly clock: Clock,
  ) {}

  /** In the tenant of the principal; `auth.forbidden` if it may not publish one of them. */
  async ingest(body: unknown, principal: Principal): Promise<{ readonly results: readonly PublishResult[] }> {
    const inputs = eventsOf(body);
    if (inputs.length === 0) throw invalidRequest([{ path: 'events', rule: 'must hold at least one event' }]);
    if (inputs.length > MAX_EVENTS_PER_REQUEST) {
      throw new DistributionError(
        'payload.too_large',
        `${inputs.length} events, at most ${MAX_EVENTS_PER_REQUEST} are taken at once`,
      );
    }
    // The publisher checks every event against its schema.
    const results = await this.publisher.publish(inputs as readonly MonitoringEventInput[], principal, this.nextTurn);
    return { results };
  }

  /** A thousand metrics in one call do not hold up an alert. */
  private readonly nextTurn = (): Promise<void> => new Promise((resolve) => this.clock.soon(resolve));
}

function eventsOf(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body;
  if (typeof body !== 'object' || body === null) {
    throw invalidRequest([{ path: '', rule: 'must be an event, a list of events, or { "events": [...] }' }]);
  }
  if (!('events' in body)) return [body];
  if (Array.isArray(body.events)) return body.events;
  throw invalidRequest([{ path: 'events', rule: 'must be a list' }]);
}
