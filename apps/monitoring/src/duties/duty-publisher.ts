import type { MonitoringEventInput, PublishResult } from '@distributary/contracts';
import { type Duty, DistributionError } from '@distributary/distribution-core';
import type { MonitoringPublisher } from '../events/own-publishing.js';

/**
 * Publishes for whoever holds a duty. While it is not sure who that is, callers are told to try again; what is still
 * waiting when another has it is left to that one, and nothing is published.
 */
export class DutyPublisher implements MonitoringPublisher {
  constructor(
    private readonly duty: Pick<Duty, 'standing'>,
    private readonly publisher: MonitoringPublisher,
  ) {}

  async publish(events: readonly MonitoringEventInput[]): Promise<readonly PublishResult[]> {
    const { standing } = this.duty;
    if (standing === 'waiting') return [];
    if (standing === 'held') return this.publisher.publish(events);
    throw new DistributionError('store.unavailable', 'who speaks for the service is not sure', { retryAfterMs: 1_000 });
  }
}
