import type { LaneState } from '../../fan-out/lane-state.js';
import { Segments } from '../../fan-out/segments.js';
import { noMetrics } from '../../ports/metrics.port.js';
import { positionOfOffset } from '../../position.js';
import { DeliveryReceipts, observers } from './delivery-receipts.js';

/** As much of a lane as a receipt tells. */
function aLane(topic: string, partition = 0): LaneState {
  return {
    lane: { topic, partition, epoch: 'e' },
    topic: { name: topic, tenant: 'acme' },
    segments: new Segments(positionOfOffset(7)),
  } as LaneState;
}

describe('receipts of what was delivered', () => {
  it('say for each lane up to where, how often, to how many and how fast, since the last time', () => {
    const receipts = new DeliveryReceipts(() => true, noMetrics);
    const [orders, trades] = [aLane('orders', 3), aLane('trades')];
    for (const latencyMs of [1, 2, 40]) receipts.delivered(1, orders, latencyMs, 10, 5);
    receipts.delivered(2, orders, 2, 4, 2);
    receipts.delivered(1, trades, 2, 1, 5);
    const [first, second, ...rest] = receipts.take();
    expect(first).toMatchObject({
      topic: 'orders',
      tenant: 'acme',
      partition: 3,
      epoch: 'e',
      upTo: positionOfOffset(7),
      deliveries: 158,
      subscribersNotified: 7,
      latencyMaxMs: 40,
    });
    expect(first.latencyP50Ms).toBeCloseTo(2, 0);
    expect(first.latencyP99Ms / 40).toBeCloseTo(1, 0);
    expect(second).toMatchObject({ topic: 'trades', deliveries: 5, subscribersNotified: 5 });
    expect(rest).toEqual([]);
    expect(receipts.take()).toEqual([]);
  });

  it('are not made of the topics that they go to', () => {
    const receipts = new DeliveryReceipts((topic) => topic !== 'distributed', noMetrics);
    receipts.delivered(1, aLane('distributed'), 1, 1, 1);
    expect(receipts.take()).toEqual([]);
  });

  it('are of a thousand lanes at most, and what is omitted is counted', () => {
    let omitted = 0;
    const metrics = { ...noMetrics, counter: () => ({ add: () => void omitted++ }) };
    const receipts = new DeliveryReceipts(() => true, metrics);
    for (let partition = 0; partition < 1_003; partition++) receipts.delivered(1, aLane('wide', partition), 1, 1, 1);
    expect(receipts.take()).toHaveLength(1_000);
    expect(omitted).toBe(3);
  });
});

describe('several observers', () => {
  it('are all told of everything', () => {
    const told: unknown[] = [];
    const recorder = {
      arrived: (...of: unknown[]) => told.push(['arrived', ...of.slice(1)]),
      delivered: (...of: unknown[]) => told.push(['delivered', of[2]]),
      replayed: (...of: unknown[]) => told.push(['replayed', of[2]]),
      lost: (...of: unknown[]) => told.push(['lost', of[2]]),
    };
    const all = observers([recorder, new DeliveryReceipts(() => true, noMetrics), recorder]);
    const lane = aLane('orders');
    all.arrived(lane, 1, 2);
    all.delivered(1, lane, 3, 4, 5, []);
    all.replayed(1, lane, 6);
    all.lost(lane, 'slow', 7, positionOfOffset(9));
    const once = [
      ['arrived', 1, 2],
      ['delivered', 3],
      ['replayed', 6],
      ['lost', 7],
    ];
    expect(told).toEqual(once.flatMap((each) => [each, each]));
  });
});
