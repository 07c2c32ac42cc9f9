import {
  type DeliveryReceipt,
  DeliveryReceipts,
  noMetrics,
  positionOfOffset,
  type Principal,
} from '@distributary/distribution-core';
import { FakeClock, settle } from '@distributary/distribution-core/testing';
import { parseMonitoringEvents } from '../events/monitoring-event.js';
import { ReceiptPublisher } from './receipt-publisher.js';

const receipt = (tenant: string, topic: string): DeliveryReceipt => ({
  topic,
  tenant,
  partition: 2,
  epoch: 'e',
  upTo: positionOfOffset(41),
  deliveries: 300,
  subscribersNotified: 3,
  latencyP50Ms: 1.23456,
  latencyP99Ms: 9.5,
  latencyMaxMs: 12,
});

class GivenReceipts extends DeliveryReceipts {
  constructor(private given: readonly DeliveryReceipt[]) {
    super(() => true, noMetrics);
  }

  override take(): readonly DeliveryReceipt[] {
    const { given } = this;
    this.given = [];
    return given;
  }
}

describe('the receipts of the service', () => {
  it('are events for the topic of receipts of the tenant whose events were distributed', async () => {
    const clock = new FakeClock();
    const published: { tenant: string | undefined; inputs: readonly unknown[] }[] = [];
    const publisher = {
      publish: async (inputs: readonly unknown[], principal?: Principal) => (
        published.push({ tenant: principal?.tenant, inputs }),
        []
      ),
    };
    const receipts = new GivenReceipts([
      receipt('default', 'monitoring/metrics'),
      receipt('acme', '@acme/monitoring/alerts/critical'),
      receipt('default', 'monitoring/slo'),
    ]);
    const schedule = new ReceiptPublisher(receipts, publisher, clock, { intervalMs: 1_000, processName: 'gateway-1' });
    schedule.start();
    clock.advance(1_000);
    await settle(clock);
    clock.advance(1_000);
    await settle(clock);
    await schedule.stop();
    expect(published.map(({ tenant, inputs }) => [tenant, inputs.length])).toEqual([
      ['default', 2],
      ['acme', 1],
    ]);
    const [event] = parseMonitoringEvents(published[1].inputs);
    expect(event).toMatchObject({
      data_type: 'METRICS',
      routing: {
        topic: 'monitoring/distributed',
        routing_key: 'monitoring-distribution.receipt.monitoring_alerts_critical.2',
      },
      data: {
        topic: 'monitoring/alerts/critical',
        partition: 2,
        epoch: 'e',
        position: positionOfOffset(41),
        deliveries: 300,
        subscribers_notified: 3,
        distribution_latency_ms: { p50: 1.235, p99: 9.5, max: 12 },
        interval_ms: 1_000,
        labels: { process: 'gateway-1' },
      },
    });
  });
});
