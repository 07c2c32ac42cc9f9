import type {
  CompetingEvents,
  CompetingMembership,
  CompetingOptions,
  CompetingSource,
  LaneName,
} from '@distributary/distribution-core';
import { laneName } from '@distributary/distribution-core';
import { hasStatus } from '../pulsar.errors.js';
import { LaneConsumer, type LaneConsumerParts } from './lane-consumer.js';

/** Pulsar's own subscriptions: their names are ours behind this, so that those of others are left alone. */
const PREFIX = 'distributary.';
const MAX_WINDOW = 1_000;
const LEAST_WINDOW = 10;
/** Where a new subscription begins, as Pulsar's admin API has it; unless it is told, with the latest. */
const EARLIEST = { ledgerId: -1, entryId: -1 } as const;

/** Spreads single events by the subscription types of Pulsar itself, `Shared` and `Key_Shared`. */
export class PulsarSubscriptions implements CompetingSource {
  constructor(private readonly parts: LaneConsumerParts) {}

  async join(name: string, options: CompetingOptions, events: CompetingEvents): Promise<CompetingMembership> {
    const { directory, retrying, timeoutMs } = this.parts;
    const subscription = PREFIX + name;
    const consumers = new Map<LaneName, LaneConsumer>();
    const window = Math.min(Math.max(2 * options.maxUnacked, LEAST_WINDOW), MAX_WINDOW);
    for (const topic of options.topics) {
      const { partitions, epoch } = await retrying.within(timeoutMs, () => directory.topic(topic, 0));
      await retrying.within(timeoutMs, () => this.make(topic, subscription, options.start));
      for (let partition = 0; partition < partitions; partition++) {
        const lane = { topic, partition, epoch };
        const place = { lane, subscription, type: options.type, window };
        consumers.set(laneName(lane), new LaneConsumer(place, this.parts, events));
      }
    }
    const leave = async () => {
      await Promise.all([...consumers.values()].map((consumer) => consumer.close()));
    };
    try {
      await Promise.all([...consumers.values()].map((consumer) => consumer.start()));
    } catch (error) {
      await leave();
      throw error;
    }
    return {
      ack: async (lane, positions) => consumers.get(laneName(lane))?.ack(positions),
      leave,
    };
  }

  async delete(name: string): Promise<void> {
    const { web, names, retrying, timeoutMs } = this.parts;
    const subscription = PREFIX + name;
    const listed = await retrying.within(timeoutMs, () =>
      web.ask({ method: 'GET', path: `persistent/${names.space}/partitioned` }),
    );
    for (const each of listed as readonly string[]) {
      const path = `${names.topic(names.ourName(each))}/subscription/${encodeURIComponent(subscription)}?force=true`;
      await retrying.within(timeoutMs, () => this.ignoring([404], { method: 'DELETE', path }));
    }
  }

  private async make(topic: string, subscription: string, start: CompetingOptions['start']): Promise<void> {
    const path = `${this.parts.names.topic(topic)}/subscription/${encodeURIComponent(subscription)}`;
    // There already: then it goes on where it was.
    await this.ignoring([409], { method: 'PUT', path, body: start === 'earliest' ? EARLIEST : undefined });
  }

  private async ignoring(statuses: readonly number[], request: Parameters<LaneConsumerParts['web']['ask']>[0]) {
    try {
      await this.parts.web.ask(request);
    } catch (error) {
      if (!hasStatus(error, ...statuses)) throw error;
    }
  }
}
