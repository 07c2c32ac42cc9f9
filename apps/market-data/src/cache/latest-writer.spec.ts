import { noMetrics } from '@distributary/distribution-core';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { LatestWriter } from './latest-writer.js';

function aWriter(capacity?: number) {
  const clock = new FakeClock();
  const values = new Map<string, number>();
  const puts: [string, number][] = [];
  const world = { clock, values, puts, omitted: 0, answer: (): Promise<void> => Promise.resolve() };
  const writer = new LatestWriter<number>({
    clock,
    capacity,
    valueOf: (symbol) => values.get(symbol),
    latest: {
      put: async (symbol, value) => {
        puts.push([symbol, value]);
        await world.answer();
        return true;
      },
    },
    metrics: { ...noMetrics, counter: () => ({ add: () => void world.omitted++ }) },
  });
  const change = (symbol: string, value: number) => {
    values.set(symbol, value);
    writer.changed(symbol);
  };
  return { ...world, world, writer, change };
}

describe('the writer of latest values', () => {
  it('writes a symbol once an interval, as it is by then', async () => {
    const { writer, change, clock, puts } = aWriter();
    writer.start();
    for (let price = 1; price <= 1_000; price++) change('AAPL', price);
    change('MSFT', 7);
    clock.advance(500);
    await until('written', () => puts.length === 2);
    expect(puts).toEqual([
      ['AAPL', 1_000],
      ['MSFT', 7],
    ]);
    clock.advance(5_000);
    change('MSFT', 8);
    await writer.stop();
    expect(puts.slice(2)).toEqual([['MSFT', 8]]);
    expect(clock.pendingAlarms).toBe(0);
  });

  it('does not begin a write before the last one is over', async () => {
    const { writer, change, clock, puts, world } = aWriter();
    let answer: () => void = () => undefined;
    world.answer = () => new Promise((resolve) => (answer = resolve));
    writer.start();
    change('AAPL', 1);
    clock.advance(500);
    change('AAPL', 2);
    clock.advance(5_000);
    expect(puts).toEqual([['AAPL', 1]]);
    world.answer = () => Promise.resolve();
    answer();
    await writer.stop();
    expect(puts).toEqual([
      ['AAPL', 1],
      ['AAPL', 2],
    ]);
  });

  it('remembers so many symbols and no more; the rest is counted', async () => {
    const { writer, change, puts, world } = aWriter(2);
    for (const symbol of ['A', 'B', 'C', 'A']) change(symbol, 1);
    expect(world.omitted).toBe(1);
    await writer.stop();
    expect(puts.map(([symbol]) => symbol)).toEqual(['A', 'B']);
  });

  it('leaves out what is gone by then', async () => {
    const { writer, puts } = aWriter();
    writer.changed('GONE');
    await writer.stop();
    expect(puts).toEqual([]);
  });
});
