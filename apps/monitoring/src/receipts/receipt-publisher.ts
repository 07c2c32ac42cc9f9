import type { MonitoringEventInput } from '@distributary/contracts';
import {
  type Clock,
  type DeliveryReceipt,
  type DeliveryReceipts,
  LOCAL_PRINCIPAL,
  unqualified,
} from '@distributary/distribution-core';
import { RECEIPTS_TOPIC } from '../events/default-topics.js';
import { type FailureLog, isoOfMicros, RepeatingTask, type Schedule } from '@distributary/distribution-service';
import { OWN_SERVICE } from '../events/own-service.js';
import type { MonitoringPublisher } from '../events/own-publishing.js';

export interface ReceiptPublisherOptions {
  readonly intervalMs: number;
  /** Of this process, so that receipts of several do not look like one another's states. */
  readonly processName: string;
}

/** Of one tenant and publication; the specification's limit of a request is 1,000 events. */
const MAX_EVENTS = 500;

/**
 * Publishes what was distributed to the topic of receipts, each tenant's to its own: for each lane and interval one
 * event that says up to where, to how many subscriptions, and how fast. A receipt that the broker does not take is
 * given up, and the failure logged: the next one says more than a late one would.
 */
export class ReceiptPublisher implements Schedule {
  private readonly schedule: RepeatingTask;

  constructor(
    private readonly receipts: DeliveryReceipts,
    private readonly publisher: MonitoringPublisher,
    private readonly clock: Clock,
    private readonly options: ReceiptPublisherOptions,
    log?: FailureLog,
  ) {
    this.schedule = new RepeatingTask('receipts', options.intervalMs, clock, () => this.publish(), log);
  }

  start(): void {
    this.schedule.start();
  }

  stop(): Promise<void> {
    return this.schedule.stop();
  }

  private async publish(): Promise<void> {
    const timestamp = isoOfMicros(this.clock.nowMicros());
    const byTenant = new Map<string, DeliveryReceipt[]>();
    for (const receipt of this.receipts.take()) {
      const ofTenant = byTenant.get(receipt.tenant);
      if (ofTenant === undefined) byTenant.set(receipt.tenant, [receipt]);
      else ofTenant.push(receipt);
    }
    for (const [tenant, receipts] of byTenant) {
      for (let from = 0; from < receipts.length; from += MAX_EVENTS) {
        const events = receipts.slice(from, from + MAX_EVENTS).map((receipt) => this.eventOf(receipt, timestamp));
        await this.publisher.publish(events, { ...LOCAL_PRINCIPAL, tenant });
      }
    }
  }

  private eventOf(receipt: DeliveryReceipt, timestamp: string): MonitoringEventInput {
    const topic = unqualified(receipt.topic);
    const { partition, epoch, upTo, deliveries, subscribersNotified } = receipt;
    return {
      timestamp,
      data_type: 'METRICS',
      data: {
        service_name: OWN_SERVICE,
        metric_name: 'distribution_latency_ms',
        current_value: rounded(receipt.latencyP99Ms),
        unit: 'ms',
        topic,
        partition,
        epoch,
        position: upTo,
        deliveries,
        subscribers_notified: subscribersNotified,
        distribution_latency_ms: {
          p50: rounded(receipt.latencyP50Ms),
          p99: rounded(receipt.latencyP99Ms),
          max: rounded(receipt.latencyMaxMs),
        },
        interval_ms: this.options.intervalMs,
        labels: { process: this.options.processName },
      },
      routing: { topic: RECEIPTS_TOPIC, routing_key: `${OWN_SERVICE}.receipt.${wordOf(topic)}.${partition}` },
      metadata: { source_service: OWN_SERVICE },
    };
  }
}

const wordOf = (topic: string): string => topic.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 100);
const rounded = (value: number): number => Math.round(value * 1000) / 1000;
