import type { MarketDataEventInput } from '@distributary/contracts';
import {
  type Clock,
  decodeEventBatch,
  densePositions,
  encodeEventBatch,
  type EventBatch,
  type EventRecord,
} from '@distributary/distribution-core';
import { parseMarketDataEvents, toPublishedEvent } from '../events/market-data-event.js';

let nextId = 0;
export const countingIds = { uuid: () => `id-${++nextId}`, random: () => 0.5 };

/** A batch as the log would give it, made by the service's own mapping. */
export function batchOf(clock: Clock, ...inputs: MarketDataEventInput[]): EventBatch {
  const events = parseMarketDataEvents(inputs).map((event) => toPublishedEvent(event, clock, countingIds));
  return batchOfRecords(
    events[0].topic,
    events.map((event) => event.record),
  );
}

export function batchOfRecords(topic: string, records: readonly EventRecord[]): EventBatch {
  const lane = { topic, partition: 0, epoch: 'e1' };
  return decodeEventBatch(lane, densePositions(0, records.length), encodeEventBatch(records, 0));
}

type Trade = Extract<MarketDataEventInput, { data_type: 'TRADE' }>;
type Quote = Extract<MarketDataEventInput, { data_type: 'QUOTE' }>;

export const aTrade = (data: Partial<Trade['data']> = {}, event: Partial<Omit<Trade, 'data'>> = {}): Trade => ({
  data_type: 'TRADE',
  data: { symbol: 'AAPL', exchange: 'NASDAQ', currency: 'USD', price: 150.25, volume: 1_000, ...data },
  ...event,
});

export const aQuote = (data: Partial<Quote['data']> = {}, event: Partial<Omit<Quote, 'data'>> = {}): Quote => ({
  data_type: 'QUOTE',
  data: {
    symbol: 'AAPL',
    exchange: 'NASDAQ',
    currency: 'USD',
    bid_price: 150.24,
    bid_size: 300,
    ask_price: 150.26,
    ask_size: 200,
    ...data,
  },
  ...event,
});
