import { noMetrics, type Json, type JsonObject, type Problem } from '@distributary/distribution-core';
import { anEvent, FakeClock } from '@distributary/distribution-core/testing';
import { marketDataEvents } from './event-form.js';
import { externalEvent, publishedForm } from './external-event.js';

const made = (payload: Json, dataType = 'TRADE', attributes = {}) => {
  const topic = { topic: '@acme/feeds/itch', tenant: 'acme', dataType, payload: { format: 'avro' as const } };
  const before = anEvent({ eventId: 'e-0-7', routingKey: 'AAPL.7', timeMicros: 1_000_000, attributes });
  const record = externalEvent(before, payload, topic);
  return { ...record, value: JSON.parse(Buffer.from(record.value).toString()) as Json };
};
const plain = {
  symbol: 'AAPL',
  exchange: 'nasdaq',
  timestamp: '2025-06-21T09:30:00.2Z',
  price: '150.25',
  volume: 1000,
};

describe('market data that others write', () => {
  it('as plain JSON is the data of an event whose id is its place', () => {
    expect(made(plain)).toEqual({
      eventId: 'e-0-7',
      routingKey: 'AAPL.7',
      timeMicros: 1_750_498_200_200_000,
      attributes: {
        data_type: 'TRADE',
        symbol: 'AAPL',
        exchange: 'NASDAQ',
        asset_class: 'equities',
        price: 150.25,
        volume: 1000,
        source: 'external',
      },
      value: {
        event_id: 'e-0-7',
        timestamp: '1970-01-01T00:00:01.000Z',
        data_type: 'TRADE',
        distribution: { topic: 'feeds/itch' },
        data: { ...plain, exchange: 'NASDAQ', price: 150.25, asset_class: 'equities' },
        routing: { routing_key: 'AAPL.7', target_workflows: [], delivery_guarantees: 'at_least_once' },
        metadata: { source: 'external' },
      },
    });
  });

  it.each([
    [plain, 'MARKET', 'TRADE'],
    [{ symbol: 'A', exchange: 'XNAS', bid_price: 1 }, 'MARKET', 'QUOTE'],
    [{ symbol: 'A', exchange: 'XNAS', interval: '1m', open: 1, high: 1, low: 1, close: 1, volume: 1 }, 'MARKET', 'BAR'],
    [{ ...plain, data_type: 'TRADE' }, 'QUOTE', 'TRADE'],
    [{ status: 'stale', source: 's' }, 'STATUS', 'STATUS'],
    [{ note: 'x' }, 'NEWS', 'NEWS'],
  ])('%j on a topic of %s is a %s', (payload, topicType, type) => {
    expect(made(payload, topicType).attributes.data_type).toBe(type);
  });

  it('goes on as it is if it breaks a rule, or is something else', () => {
    const wrong = { ...plain, volume: -1 };
    expect(made(wrong)).toMatchObject({ attributes: { data_type: 'TRADE' }, value: { data: wrong } });
    expect(made(wrong).attributes).not.toHaveProperty('price');
    expect(made([1, 2])).toMatchObject({ value: { data: { value: [1, 2] } } });
    expect(made({ ...plain, price: -1 }).attributes).not.toHaveProperty('price');
  });

  it('is an event with its own id if it has the form of one', () => {
    const { value } = made(plain);
    const event = { ...(value as object), event_id: 'mine' } as Json;
    expect(made(event, 'X')).toMatchObject({
      eventId: 'mine',
      value: event,
      attributes: { data_type: 'TRADE', symbol: 'AAPL', price: 150.25 },
    });
    expect(made({ ...(event as object), event_id: 'x'.repeat(101) } as Json)).toMatchObject({ eventId: 'e-0-7' });
    expect(made({ ...(event as object), data: { odd: 1 } } as Json).attributes).toEqual({ data_type: 'TRADE' });
  });

  it('keeps the attributes that it came with', () => {
    expect(made(plain, 'TRADE', { region: 'eu', symbol: 'X' }).attributes).toMatchObject({ region: 'eu', symbol: 'X' });
  });
});

describe('a JSON document of market data that others write', () => {
  const ids = { uuid: () => 'none', random: () => 0.5 };
  const reader = marketDataEvents.reader({ clock: new FakeClock(), ids, metrics: noMetrics });
  const read = (document: JsonObject, dataType = 'TRADE', name = '@acme/feeds/itch') => {
    const record = anEvent({ eventId: 'e-0-7', routingKey: 'theirs', timeMicros: 1_000_000 });
    const problems: Problem[] = [];
    const topic = { topic: name, tenant: 'acme', dataType, payload: { format: 'json' as const } };
    const event = reader.read(publishedForm(document, record, topic), 0, problems);
    return event === undefined
      ? problems.map(({ path }) => path)
      : { ...event.record, value: JSON.parse(Buffer.from(event.record.value).toString()) as Json };
  };

  it('is the data of an event, as if it had been published there', () => {
    expect(read(plain)).toMatchObject({
      eventId: 'e-0-7',
      routingKey: 'AAPL.NASDAQ.trade',
      timeMicros: 1_750_498_200_200_000,
      attributes: { data_type: 'TRADE', symbol: 'AAPL', price: 150.25, source: 'external' },
      value: {
        timestamp: '1970-01-01T00:00:01.000Z',
        distribution: { topic: 'feeds/itch' },
        routing: { routing_key: 'AAPL.NASDAQ.trade', delivery_guarantees: 'at_least_once' },
      },
    });
  });

  it.each([
    [plain, 'MARKET', 'TRADE'],
    [{ symbol: 'A', exchange: 'XNAS', bid_price: 1 }, 'MARKET', 'QUOTE'],
    [{ ...plain, data_type: 'TRADE' }, 'QUOTE', 'TRADE'],
    [{ data: plain }, 'MARKET', 'TRADE'],
    [{ data: plain, data_type: 'TRADE' }, 'QUOTE', 'TRADE'],
  ])('%j on a topic of %s is a %s', (document, topicType, type) => {
    expect(read(document, topicType)).toMatchObject({ attributes: { data_type: type } });
  });

  it('is an event if it has data of its own, published or stored', () => {
    const event = { event_id: 'mine', data: plain, metadata: { source: 'itch' } };
    const routing = { topic: 'elsewhere', target_workflows: ['risk'] };
    const value = { distribution: { topic: 'feeds/itch' }, metadata: { source: 'itch' } };
    expect(read({ ...event, routing: { ...routing, delivery_mode: 'EXACTLY_ONCE' } })).toMatchObject({
      eventId: 'mine',
      value: { ...value, routing: { target_workflows: ['risk'], delivery_guarantees: 'exactly_once' } },
    });
    expect(read({ ...event, routing: { ...routing, delivery_guarantees: 'at_most_once' } })).toMatchObject({
      value: { ...value, routing: { delivery_guarantees: 'at_most_once' } },
    });
  });

  it('is refused for what a published event is refused for', () => {
    expect(read({ ...plain, volume: -1 })).toEqual(['events[0].data.volume']);
    expect(read({ ...plain, price: '-1' })).toEqual(['events[0].data.price']);
    expect(read({ data: plain, routing: 1, metadata: 2 })).toEqual(['events[0].routing', 'events[0].metadata']);
    expect(read({ note: 'x' }, 'NEWS')).toEqual(['events[0].data_type']);
    expect(read(plain, 'TRADE', 'market-data/quotes/equities')).toEqual(['events[0].routing.topic']);
  });
});
