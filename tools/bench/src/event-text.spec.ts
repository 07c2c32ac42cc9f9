import { marketDataDistributionSchema } from '@distributary/contracts';
import { type DeliveredMarketEvent, scanEvents, sequenceOf, stampedMarketText } from './event-text.js';

/** As the service stores it: what its schema made of it, with more fields around. */
const stored = (kind: 'TRADE' | 'QUOTE', sequence: number) => {
  const text = stampedMarketText(kind, { topic: 'S00001', run: 'r', sequence, stampMicros: 5_000_000.4 + sequence });
  const { data, ...event } = marketDataDistributionSchema.parse(JSON.parse(text));
  return JSON.stringify({ ...event, data: { ...data, asset_class: 'equities', timestamp: event.timestamp } });
};

describe('stamped market data', () => {
  it.each(['TRADE', 'QUOTE'] as const)('is taken as a %s, and read from the bytes of many', (kind) => {
    const events = [0, 7, 123_456].map((sequence) => stored(kind, sequence));
    expect(scanEvents(Buffer.from(events.join(',')))).toEqual({
      count: 3,
      stamps: Float64Array.of(5_000_000, 5_000_007, 5_123_456),
      sequences: Float64Array.of(0, 7, 123_456),
    });
    expect(events.map((event) => sequenceOf(JSON.parse(event) as DeliveredMarketEvent))).toEqual([0, 7, 123_456]);
  });

  it('is told from what others publish', () => {
    const event = JSON.parse(stored('TRADE', 1)) as DeliveredMarketEvent;
    expect(sequenceOf({ ...event, data: { ...event.data, exchange: 'XNAS' } })).toBeUndefined();
  });
});
