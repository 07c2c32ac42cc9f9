import { FakeClock } from '@distributary/distribution-core/testing';
import fc from 'fast-check';
import { parseMarketDataEvents, type ReadEvent, toPublishedEvent } from '../events/market-data-event.js';
import { aQuote, aTrade, countingIds } from '../testing/published-events.js';
import { countedMetrics } from '../testing/counted-metrics.js';
import { TickOrder } from './tick-order.js';

const clock = new FakeClock();
const OURS = 'default';
const now = clock.nowMicros();
const event = (input: unknown): ReadEvent => toPublishedEvent(parseMarketDataEvents([input])[0], clock, countingIds);
const trade = (sequence?: number, source?: string) =>
  event(aTrade(sequence === undefined ? {} : { sequence }, source === undefined ? {} : { metadata: { source } }));
const isLate = (order: TickOrder, tenant: string, { record, sequence }: ReadEvent, timeMicros: number): boolean =>
  order.isLate(tenant, { ...record, timeMicros }, sequence);

describe('a tick', () => {
  it('is late behind one of its symbol, exchange and type that happened after it', () => {
    const order = new TickOrder(clock);
    expect(isLate(order, OURS, trade(), now)).toBe(false);
    expect(isLate(order, OURS, trade(), now - 1)).toBe(true);
    expect(isLate(order, OURS, trade(), now)).toBe(false);
    expect(isLate(order, OURS, event(aTrade({ symbol: 'MSFT' })), now - 1)).toBe(false);
    expect(isLate(order, OURS, event(aTrade({ exchange: 'XNYS' })), now - 1)).toBe(false);
    expect(isLate(order, OURS, event(aQuote()), now - 1)).toBe(false);
    expect(isLate(order, OURS, event(aQuote()), now - 2)).toBe(true);
  });

  it("is not late behind another tenant's", () => {
    const order = new TickOrder(clock);
    isLate(order, 'acme', trade(), now);
    expect(isLate(order, OURS, trade(), now - 1)).toBe(false);
    expect(isLate(order, 'acme', trade(), now - 1)).toBe(true);
  });

  it('is late at the same time if its source gave a later one a greater number', () => {
    const order = new TickOrder(clock);
    isLate(order, OURS, trade(7, 'a'), now);
    expect(isLate(order, OURS, trade(6, 'a'), now)).toBe(true);
    expect(isLate(order, OURS, trade(7, 'a'), now)).toBe(false);
    expect(isLate(order, OURS, trade(6, 'b'), now)).toBe(false);
    expect(isLate(order, OURS, trade(1, 'b'), now + 1)).toBe(false);
  });

  it('from the future makes no others late', () => {
    const { metrics, counts } = countedMetrics();
    const order = new TickOrder(clock, metrics);
    expect(isLate(order, OURS, trade(), now + 61_000_000)).toBe(false);
    expect(isLate(order, OURS, trade(), now)).toBe(false);
    expect(isLate(order, OURS, trade(), now - 1)).toBe(true);
    expect(counts()).toEqual({ early_events_total: 1, 'late_events_total TRADE': 1 });
  });

  it('that is a bar or a status is never late', () => {
    const order = new TickOrder(clock);
    const status = event({ data_type: 'STATUS', data: { status: 'stale', source: 's' } });
    const day = { symbol: 'A', exchange: 'XNAS', interval: '1d', open: 1, high: 1, low: 1, close: 1, volume: 1 };
    for (const each of [status, event({ data_type: 'BAR', data: day })]) {
      expect([isLate(order, OURS, each, now), isLate(order, OURS, each, now - 1)]).toEqual([false, false]);
    }
    expect(order.size).toBe(0);
  });

  it('is judged by as many symbols as there is room for', () => {
    const { metrics, counts } = countedMetrics();
    const order = new TickOrder(clock, metrics, { maxStreams: 2, maxAheadMs: 0 });
    for (const symbol of ['A', 'B', 'C']) isLate(order, OURS, event(aTrade({ symbol })), now);
    expect(order.size).toBe(2);
    expect(isLate(order, OURS, event(aTrade({ symbol: 'A' })), now - 1)).toBe(false);
    expect(counts()).toEqual({ tick_order_forgotten_total: 2 });
  });

  it('is late exactly if it is older than the newest one before it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
        const order = new TickOrder(clock);
        const late = times.map((time) => isLate(order, OURS, trade(), now - time));
        expect(late).toEqual(times.map((time, at) => times.slice(0, at).some((before) => before < time)));
      }),
    );
  });
});
