import { orderingKeyOf, partitionOf } from './partition.js';

describe('the partition of an event', () => {
  // Computed by another implementation: these numbers lie in logs and may never change.
  it.each([
    ['AAPL', 0],
    ['MSFT.NASDAQ', 3],
    ['portfolio', 0],
    ['Zürich.x', 12],
    ['', 1],
  ])('%s lies in %i of 16', (routingKey, partition) => {
    expect(partitionOf(routingKey, 16)).toBe(partition);
  });

  it('depends on the first part of the routing key alone', () => {
    expect(orderingKeyOf('AAPL.NASDAQ.trade')).toBe('AAPL');
    expect(orderingKeyOf('AAPL')).toBe('AAPL');
    expect(partitionOf('AAPL.NASDAQ.trade', 32)).toBe(partitionOf('AAPL.NYSE.quote', 32));
  });

  it('is the only one of a topic that has one', () => {
    expect(partitionOf('anything', 1)).toBe(0);
  });

  it.each([2, 3, 8, 12, 64])('spreads keys evenly over %i partitions', (partitions) => {
    const counts = new Array<number>(partitions).fill(0);
    const keys = partitions * 1000;
    for (let n = 0; n < keys; n++) counts[partitionOf(`account-${n}.trade`, partitions)]++;
    expect(Math.max(...counts)).toBeLessThan(1200);
    expect(Math.min(...counts)).toBeGreaterThan(800);
  });
});
