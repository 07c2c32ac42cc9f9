import type { LaneState } from '@distributary/distribution-core';
import { noMetrics } from '@distributary/distribution-core';
import { IntervalFigures } from './interval-figures.js';
import { laneRow, topicRows } from './statistics-rows.js';

/** As much of a lane as its figures tell. */
function aLane(topic: string, partition = 0): LaneState {
  return { lane: { topic, partition, epoch: 'e' }, topic: { name: topic, tenant: 'default' } } as LaneState;
}

describe('the figures of an interval', () => {
  it('say of each lane what was delivered, how fast, to how many, and begin anew when they are taken', () => {
    const figures = new IntervalFigures(noMetrics);
    const [quotes, trades] = [aLane('quotes', 3), aLane('trades')];
    figures.arrived(quotes, 10, 2_000);
    figures.delivered(1, quotes, 2, 10, 50);
    figures.delivered(2, quotes, 40, 10, 10);
    figures.replayed(3, quotes, 400);
    figures.lost(quotes, 'slow', 100);
    figures.lost(quotes, 'policy', 7);
    figures.lost(quotes, 'deleted', 7);
    figures.delivered(1, trades, 1, 1, 1);
    const [first, second, ...rest] = figures.take();
    expect(rest).toEqual([]);
    expect(first).toMatchObject({ topic: 'quotes', partition: 3, deliveries: 1_000, failures: 100, bytes: 200_000 });
    expect(first.latencyMeanMs).toBeCloseTo((2 * 500 + 40 * 100) / 600, 5);
    expect(first.latencyP50Ms).toBeCloseTo(2, 0);
    expect((first.latencyP99Ms as number) / 40).toBeCloseTo(1, 0);
    expect(second).toMatchObject({ topic: 'trades', deliveries: 1, bytes: 0 });
    expect(figures.take()).toEqual([]);
    expect(laneRow(first, 5, 10, { backlog: 3 })).toMatchObject({
      atMicros: 5,
      throughputPerSecond: 100,
      errorRate: 100 / 1_100,
      consumers: 61,
      backlog: 3,
    });
  });

  it('take the size of events from those that came lately', () => {
    const figures = new IntervalFigures(noMetrics);
    const lane = aLane('quotes');
    for (let batch = 0; batch < 60; batch++) figures.arrived(lane, 100, batch < 30 ? 100_000 : 20_000);
    figures.delivered(1, lane, 1, 10, 1);
    const [{ bytes }] = figures.take();
    expect(bytes).toBeCloseTo(2_000, -1);
  });

  it('of a lane that delivered nothing say so, without a latency', () => {
    const figures = new IntervalFigures(noMetrics);
    figures.lost(aLane('quotes'), 'expired', 5);
    const [lane] = figures.take();
    expect(lane).toMatchObject({ deliveries: 0, failures: 5, latencyMeanMs: undefined, latencyP99Ms: undefined });
    expect(laneRow(lane, 0, 1, {}).errorRate).toBe(1);
    expect(topicRows([lane], 0)).toMatchObject([{ latencyMs: undefined, errors: 5 }]);
  });

  it('are of so many lanes and no more; what is left out is counted', () => {
    let omitted = 0;
    const counter = { add: () => omitted++ };
    const figures = new IntervalFigures({ ...noMetrics, counter: () => counter }, 2);
    for (const name of ['a', 'b', 'c', 'c']) figures.delivered(1, aLane(name), 1, 1, 1);
    expect(figures.take().map(({ topic }) => topic)).toEqual(['a', 'b']);
    expect(omitted).toBe(2);
  });
});

describe('the figures of a topic', () => {
  it('are those of its lanes; a subscription to several of them is one', () => {
    const figures = new IntervalFigures(noMetrics);
    const [one, two, other] = [aLane('quotes', 0), aLane('quotes', 1), aLane('trades')];
    figures.arrived(one, 1, 100);
    figures.arrived(two, 1, 300);
    figures.delivered(1, one, 2, 1, 10);
    figures.delivered(1, two, 4, 1, 12);
    figures.delivered(2, two, 4, 1, 5);
    figures.delivered(1, other, 1, 1, 1);
    expect(topicRows(figures.take(), 9)).toEqual([
      {
        atMicros: 9,
        topic: 'quotes',
        messages: 27,
        bytes: 10 * 100 + 17 * 300,
        latencyMs: (2 * 10 + 4 * 17) / 27,
        errors: 0,
        subscriptions: 17,
      },
      { atMicros: 9, topic: 'trades', messages: 1, bytes: 0, latencyMs: 1, errors: 0, subscriptions: 1 },
    ]);
  });
});
