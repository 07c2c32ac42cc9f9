import type { Json } from '@distributary/distribution-core';
import { anEvent } from '@distributary/distribution-core/testing';
import { externalEvent } from './external-event.js';

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
