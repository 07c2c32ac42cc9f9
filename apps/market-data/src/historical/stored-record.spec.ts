import type { MarketDataDistributed } from '@distributary/contracts';
import { FakeClock } from '@distributary/distribution-core/testing';
import { markedLate, parseMarketDataEvents, toPublishedEvent } from '../events/market-data-event.js';
import { storedEventOf } from '../events/stored-event.js';
import { aQuote, aTrade, countingIds } from '../testing/published-events.js';
import { recordOfStored } from './stored-record.js';

const bar = { symbol: 'A', exchange: 'XNAS', interval: '1d', open: 1, high: 2, low: 0.5, close: 1.5, volume: 7 };

describe('a stored event', () => {
  it.each([
    ['trade', aTrade({ price: '0.123456789012345678' }, { metadata: { source: 'itch' } })],
    ['quote', aQuote()],
    ['bar', { data_type: 'BAR', data: bar }],
    ['late trade for some', aTrade({}, { routing: { target_workflows: ['risk', 'desk'] } })],
  ])('has the attributes that it was published with: %s', (name, input) => {
    const [event] = parseMarketDataEvents([input]);
    const published = toPublishedEvent(event, new FakeClock(), countingIds);
    const { record } = name.startsWith('late') ? markedLate(published) : published;
    const stored = storedEventOf(record.value) as MarketDataDistributed;
    expect(recordOfStored(stored, record.timeMicros, record.value)).toEqual(record);
  });

  it('that a rule has made into something else has its type alone', () => {
    const [event] = parseMarketDataEvents([aTrade()]);
    const { record } = toPublishedEvent(event, new FakeClock(), countingIds);
    const stored = { ...(storedEventOf(record.value) as MarketDataDistributed), data: { figure: 1 } } as never;
    expect(recordOfStored(stored, 0, record.value).attributes).toEqual({ data_type: 'TRADE' });
  });
});
