import { noMetrics, type Json, type JsonObject, type Problem } from '@distributary/distribution-core';
import { anEvent, FakeClock } from '@distributary/distribution-core/testing';
import { monitoringEvents } from './event-form.js';
import { externalEvent, publishedForm } from './external-event.js';

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

describe('a JSON document that others wrote', () => {
  const ids = { uuid: () => 'none', random: () => 0.5 };
  const reader = monitoringEvents.reader({ clock: new FakeClock(), ids, metrics: noMetrics });
  const read = (document: JsonObject, dataType = 'METRICS') => {
    const record = anEvent({ eventId: 'e-0-7', routingKey: 'theirs', timeMicros: 1_000_000 });
    const problems: Problem[] = [];
    const topic = { ...TOPIC, dataType, payload: { format: 'json' as const } };
    const event = reader.read(publishedForm(document, record, topic), 0, problems);
    return event === undefined
      ? problems.map(({ path }) => path)
      : { ...event.record, value: JSON.parse(Buffer.from(event.record.value).toString()) as Json };
  };
  const metric = { service_name: 'checkout', metric_name: 'latency', current_value: 5 };

  it('is the data of an event of its topic, as if it had been published there', () => {
    expect(read(metric)).toMatchObject({
      eventId: 'e-0-7',
      routingKey: 'checkout.metric',
      timeMicros: 1_000_000,
      attributes: { data_type: 'METRICS', service: 'checkout', metric: 'latency', source_service: 'external' },
      value: { distribution: { topic: 'orders/placed' }, data: metric, metadata: { source_service: 'external' } },
    });
  });

  it('is an event if it has data of its own, published or stored', () => {
    const event = { event_id: 'mine', data_type: 'METRICS', data: metric, metadata: { source_service: 'shop' } };
    expect(read({ ...event, routing: { topic: 'elsewhere', priority: 2 } }, 'ORDERS')).toMatchObject({
      eventId: 'mine',
      value: { distribution: { topic: 'orders/placed', priority: 2 }, metadata: { source_service: 'shop' } },
    });
    const stored = {
      ...event,
      distribution: { topic: 'x', routing_key: 'a.b', target_subscribers: ['me'], priority: 3 },
    };
    expect(read(stored)).toMatchObject({
      routingKey: 'a.b',
      value: { distribution: { topic: 'orders/placed', target_subscribers: ['me'], priority: 3 } },
    });
  });

  it('is refused for what a published event is refused for', () => {
    expect(read({ ...metric, current_value: 'five' })).toEqual(['events[0].data.current_value']);
    expect(read({ data: metric, routing: 1, metadata: 2 })).toEqual(['events[0].routing', 'events[0].metadata']);
    expect(read(metric, 'ORDERS')).toEqual(['events[0].data_type']);
  });
});
