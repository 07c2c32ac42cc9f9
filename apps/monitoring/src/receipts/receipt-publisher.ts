import type { MonitoringEventInput } from '@distributary/contracts';
import { type Clock, type DeliveryReceipt, type DeliveryReceipts, unqualified } from '@distributary/distribution-core';
import { type FailureLog, isoOfMicros, ReceiptSchedule, type Schedule } from '@distributary/distribution-service';
import { RECEIPTS_TOPIC } from '../events/default-topics.js';
import { OWN_SERVICE } from '../events/own-service.js';
import type { MonitoringPublisher } from '../events/own-publishing.js';

export interface ReceiptPublisherOptions {
  readonly intervalMs: number;
  /** Of this process, so that receipts of several do not look like one another's states. */
  readonly processName: string;
}

/**
 * Publishes what was distributed to the topic of receipts: for each lane and interval one event that says up to where, to how
 * many subscriptions, and how fast.
 */
export class ReceiptPublisher implements Schedule {
  private readonly schedule: ReceiptSchedule<DeliveryReceipt>;

  constructor(
    receipts: DeliveryReceipts,
    publisher: MonitoringPublisher,
    clock: Clock,
    private readonly options: ReceiptPublisherOptions,
    log?: FailureLog,
  ) {
    this.schedule = new ReceiptSchedule({
      take: () => receipts.take(),
      publish: (taken, principal) => {
        const timestamp = isoOfMicros(clock.nowMicros());
        const events = taken.map((receipt) => this.eventOf(receipt, timestamp));
        return publisher.publish(events, principal);
      },
      clock,
      intervalMs: options.intervalMs,
      log,
    });
  }

  start(): void {
    this.schedule.start();
  }

  stop(): Promise<void> {
    return this.schedule.stop();
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
