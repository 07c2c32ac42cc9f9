import { type MarketDataEventInput, marketDataDistributionSchema } from '@distributary/contracts';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { parseMarketDataEvents } from '../events/market-data-event.js';
import { countingIds } from '../testing/published-events.js';
import { DemoFeed } from './demo-feed.js';
import { indexBars, lastSharePrices } from './price-history.js';
import { TickGenerator } from './tick-generator.js';

const AT = '2026-11-22T00:00:00.000Z';

describe('the price history', () => {
  it('is what the package ships, each day of the index a valid bar', async () => {
    const bars = await indexBars();
    expect(bars.length).toBeGreaterThan(2_000);
    expect(bars[0]).toMatchObject({ symbol: 'SPX', timestamp: '2000-01-03T00:00:00Z', close: '1455.219971' });
    const events = bars.map((data) => ({ data_type: 'BAR' as const, data }));
    expect(parseMarketDataEvents(events)).toHaveLength(bars.length);
  });

  it('has the last price of five companies', async () => {
    expect(await lastSharePrices()).toEqual([
      { symbol: 'MSFT', price: 28.8 },
      { symbol: 'AMZN', price: 128.82 },
      { symbol: 'IBM', price: 125.55 },
      { symbol: 'GOOG', price: 560.19 },
      { symbol: 'AAPL', price: 223.02 },
    ]);
  });
});

describe('synthetic ticks', () => {
  const generator = (random: () => number) => new TickGenerator([{ symbol: 'IBM', price: 125.55 }], random);

  it('say that they are, and are valid events', () => {
    const made = generator(() => 0.5);
    for (let tick = 0; tick < 50; tick++) {
      const event = made.next(AT);
      expect(event).toMatchObject({ data: { exchange: 'SYNTH' }, metadata: { synthetic: true } });
      expect(marketDataDistributionSchema.safeParse(event).error).toBeUndefined();
    }
  });

  it('are four quotes and a trade of each share, numbered', () => {
    const made = generator(() => 0.5);
    const ticks = Array.from({ length: 5 }, () => made.next(AT));
    expect(ticks.map(({ data_type: type }) => type)).toEqual(['QUOTE', 'QUOTE', 'QUOTE', 'QUOTE', 'TRADE']);
    expect(ticks.map(({ data }) => data.sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(ticks[4].data).toMatchObject({ price: '125.55', volume: 600 });
  });

  it('stay between the half and the double of where they began', () => {
    const up = generator(() => 0.999);
    let last: MarketDataEventInput = up.next(AT);
    for (let tick = 0; tick < 20_000; tick++) last = up.next(AT);
    expect(Number((last.data as { bid_price?: string }).bid_price ?? 0)).toBeLessThanOrEqual(251.1);
  });
});

describe('the demo', () => {
  it('publishes at its pace, from the one process that speaks', async () => {
    const clock = new FakeClock();
    const published: MarketDataEventInput[] = [];
    const publisher = {
      publish: (events: readonly MarketDataEventInput[]) => {
        published.push(...events);
        return Promise.resolve([]);
      },
    };
    let speaks = false;
    const feed = new DemoFeed(publisher, clock, countingIds, { ticksPerSecond: 20, speaks: () => speaks });
    feed.start();
    clock.advance(1_000);
    expect(published).toEqual([]);
    speaks = true;
    const count = (type: string) => published.filter(({ data_type: one }) => one === type).length;
    await until('a second of it', () => {
      clock.advance(100);
      return count('BAR') >= 8;
    });
    expect(count('QUOTE') + count('TRADE')).toBeGreaterThanOrEqual(20);
    await feed.stop();
    const before = published.length;
    clock.advance(1_000);
    expect(published).toHaveLength(before);
  });
});
