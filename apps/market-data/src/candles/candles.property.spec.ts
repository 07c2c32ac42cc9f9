import { BAR_INTERVALS, type BarInterval } from '@distributary/contracts';
import { positionOfOffset } from '@distributary/distribution-core';
import fc from 'fast-check';
import type { ArchiveRow } from '../archive/archive-row.js';
import { dividedText, scaledText, unscaled } from '../archive/decimal-text.js';
import { aLane, aRow, DAY, MIDNIGHT } from '../archive/testing/archive-world.js';
import { intervalMicros } from './interval.js';
import type { Candle } from './market-history.js';
import { HistoryWorld } from './testing/history-world.js';

const LANES = [aLane(), aLane({ partition: 1 }), aLane({ epoch: 'E2' })];
const ORDINARY = { price: 10n ** 26n, volume: 10n ** 9n };
/** All that the log can have of a trade. */
const HUGE = { price: 10n ** 38n - 1n, volume: 2n ** 53n - 1n };

interface Trade {
  readonly lane: number;
  readonly row: ArchiveRow;
}

/** What one writes in an afternoon: sort everything, go through it once, add with whole numbers. */
function naiveCandles(
  trades: readonly Trade[],
  interval: BarInterval,
  startMicros: number,
  endMicros: number,
): Candle[] {
  const width = intervalMicros(interval);
  const text = (value: number) => String(value).padStart(20, '0');
  const placeOf = ({ lane, row }: Trade) =>
    [text(row.timeMicros), LANES[lane].partition, LANES[lane].epoch, row.position].join(' ');
  const ordered = trades
    .filter(({ row }) => row.symbol === 'AAPL' && row.dataType === 'trade' && row.price !== undefined)
    .sort((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1));
  const buckets = new Map<number, ArchiveRow[]>();
  for (const { row } of ordered) {
    const start = row.timeMicros - (row.timeMicros % width);
    if (start < startMicros || start >= endMicros) continue;
    buckets.set(start, [...(buckets.get(start) ?? []), row]);
  }
  return [...buckets].map(([start, rows]) => {
    const prices = rows.map(({ price }) => unscaled(price as string));
    const volume = rows.reduce((sum, row) => sum + (row.volume ?? 0n), 0n);
    const notional = rows.reduce((sum, row, index) => sum + prices[index] * (row.volume ?? 0n), 0n);
    return {
      startMicros: start,
      open: scaledText(prices[0]),
      high: scaledText(prices.reduce((one, other) => (one > other ? one : other))),
      low: scaledText(prices.reduce((one, other) => (one < other ? one : other))),
      close: scaledText(prices[prices.length - 1]),
      volume: String(volume),
      vwap: volume > 0n ? dividedText(notional, volume) : undefined,
      trades: rows.length,
    };
  });
}

const priceUpTo = (limit: bigint) => fc.bigInt({ min: -limit, max: limit }).map(scaledText);
const volumeUpTo = (limit: bigint) =>
  fc.oneof({ weight: 4, arbitrary: fc.bigInt({ min: 0n, max: limit }) }, fc.constant(limit));
const mostly = <Value>(ordinary: fc.Arbitrary<Value>, other: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 4, arbitrary: ordinary }, { weight: 1, arbitrary: other });

const figures = fc.record({
  lane: fc.nat(LANES.length - 1),
  // Mostly around a bucket's edge, and often at the same time.
  timeMicros: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: -2, max: 1 }).map((micros) => MIDNIGHT + DAY + micros) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 * DAY - 1 }).map((micros) => MIDNIGHT + micros) },
  ),
  price: fc.option(mostly(priceUpTo(ORDINARY.price), priceUpTo(HUGE.price)), { nil: undefined, freq: 10 }),
  volume: fc.option(mostly(volumeUpTo(ORDINARY.volume), volumeUpTo(HUGE.volume)), { nil: undefined, freq: 10 }),
  symbol: fc.constantFrom('AAPL', 'AAPL', 'MSFT'),
  dataType: fc.constantFrom('trade', 'trade', 'quote'),
});

const toTrades = (drawn: readonly (Omit<Partial<ArchiveRow>, 'lane'> & { lane: number })[]): Trade[] =>
  drawn.map(({ lane, ...row }, offset) => ({
    lane,
    row: aRow(offset, { ...row, position: positionOfOffset(offset) }),
  }));

describe('candles', () => {
  it('are what a naive computation gives, wherever the archive ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(figures, { maxLength: 60 }),
        fc.array(fc.nat(60), { minLength: LANES.length, maxLength: LANES.length }),
        fc.constantFrom(...BAR_INTERVALS),
        fc.oneof(fc.constant([0, 2 * DAY]), fc.tuple(fc.nat(2 * DAY), fc.nat(2 * DAY))),
        async (drawn, cuts, interval, bounds) => {
          const trades = toTrades(drawn);
          const world = await HistoryWorld.make();
          try {
            for (const [index, lane] of LANES.entries()) {
              const rows = trades.filter((trade) => trade.lane === index).map(({ row }) => row);
              if (cuts[index] > 0 && rows.length > 0) await world.archived(lane, rows.slice(0, cuts[index]));
              world.tail.add(lane, rows.slice(cuts[index]));
            }
            const [startMicros, endMicros] = [Math.min(...bounds), Math.max(...bounds)].map((each) => MIDNIGHT + each);
            const range = { topics: [LANES[0].topic], symbols: ['AAPL'], startMicros, endMicros, limit: 100 };
            const { candles } = await world.history.candles({ ...range, interval });
            const expected = naiveCandles(trades, interval, startMicros, endMicros);
            expect(candles).toEqual(expected.sort((one, other) => one.startMicros - other.startMicros));
          } finally {
            await world.end();
          }
        },
      ),
      { numRuns: 50 },
    );
  }, 120_000);

  it('have a trade once that a rule copied to another topic, wherever the archive ends', async () => {
    const place = fc.constantFrom('none', 'archive', 'log');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(figures, place), { maxLength: 20 }),
        fc.boolean(),
        async (drawn, isArchived) => {
          const trades = toTrades(drawn.map(([trade]) => ({ ...trade, lane: 0 })));
          const target = aLane({ topic: `${LANES[0].topic}/tech` });
          const copiesIn = (wanted: string) => trades.filter((_, at) => drawn[at][1] === wanted).map(({ row }) => row);
          const world = await HistoryWorld.make();
          try {
            const rows = trades.map(({ row }) => row);
            if (isArchived && rows.length > 0) await world.archived(LANES[0], rows);
            else world.tail.add(LANES[0], rows);
            const [before, after] = [copiesIn('archive'), copiesIn('log')];
            if (before.length > 0) await world.archived(target, before);
            const last = before.at(-1)?.position ?? '';
            world.tail.add(
              target,
              after.filter(({ position }) => position > last),
            );
            const range = { symbols: ['AAPL'], startMicros: MIDNIGHT, endMicros: MIDNIGHT + 2 * DAY, limit: 100 };
            const topics = [LANES[0].topic, target.topic];
            const { candles } = await world.history.candles({ ...range, topics, interval: '1d' });
            const expected = naiveCandles(trades, '1d', range.startMicros, range.endMicros);
            expect(candles).toEqual(expected.sort((one, other) => one.startMicros - other.startMicros));
          } finally {
            await world.end();
          }
        },
      ),
      { numRuns: 20 },
    );
  }, 120_000);
});
