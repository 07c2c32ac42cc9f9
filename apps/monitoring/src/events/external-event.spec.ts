import type { Json } from '@distributary/distribution-core';
import { anEvent } from '@distributary/distribution-core/testing';
import { externalEvent } from './external-event.js';

const TOPIC = {
  topic: '@acme/orders/placed',
  tenant: 'acme',
  dataType: 'ORDERS',
  payload: { format: 'avro' as const },
};
const made = (payload: Json) => {
  const record = externalEvent(
    anEvent({ eventId: 'e-0-7', routingKey: 'shop.7', timeMicros: 1_000_000 }),
    payload,
    TOPIC,
  );
  return { ...record, value: JSON.parse(Buffer.from(record.value).toString()) as Json };
};

describe('a payload that others wrote', () => {
  it('is the data of an event whose id is its place', () => {
    expect(made({ amount: 5 })).toMatchObject({
      eventId: 'e-0-7',
      attributes: { data_type: 'ORDERS' },
      value: {
        event_id: 'e-0-7',
        timestamp: '1970-01-01T00:00:01.000Z',
        data_type: 'ORDERS',
        distribution: { topic: 'orders/placed', routing_key: 'shop.7', target_subscribers: [], priority: 5 },
        data: { amount: 5 },
        metadata: { source_service: 'external' },
      },
    });
  });

  it('is the value of such data if it has no fields', () => {
    expect(made([1, 2])).toMatchObject({ value: { data: { value: [1, 2] } } });
  });

  it('is an event with its own id if it has the form of one', () => {
    const event = { event_id: 'mine', timestamp: '2026-11-21T10:00:00Z', data: { a: 1 }, metadata: {} };
    expect(made(event)).toMatchObject({ eventId: 'mine', value: event });
    expect(made({ ...event, event_id: 'x'.repeat(101) })).toMatchObject({ eventId: 'e-0-7' });
  });
});
