import { FakeClock } from '@distributary/distribution-core/testing';
import { aTrade, batchOf, countingIds } from '../testing/published-events.js';
import { parseMarketDataEvents, toPublishedEvent } from './market-data-event.js';
import { restateEvent } from './restate-event.js';
import { indexesOfType, storedEventOf } from './stored-event.js';

const { record } = toPublishedEvent(parseMarketDataEvents([aTrade()])[0], new FakeClock(), countingIds);

describe('a copy of an event', () => {
  it('says where it is, and by which key', () => {
    const value = restateEvent({ ...record, routingKey: 'a.b' }, { topic: 'copies', priority: 1 });
    expect(storedEventOf(value)).toEqual({
      ...storedEventOf(record.value),
      distribution: { topic: 'copies' },
      routing: { routing_key: 'a.b', target_workflows: [], delivery_guarantees: 'at_least_once' },
    });
  });

  it('of what others wrote keeps its form', () => {
    for (const text of [
      '{"a":1}',
      'null',
      '{',
      '{"event_id":1,"data":{},"distribution":{},"routing":{},"metadata":{}}',
    ]) {
      const value = Buffer.from(text);
      expect(restateEvent({ ...record, value }, { topic: 'copies', priority: undefined })).toBe(value);
    }
  });
});

it('events of a type are found without a payload', () => {
  const batch = batchOf(new FakeClock(), aTrade(), aTrade());
  expect(indexesOfType(batch, 'TRADE')).toEqual([0, 1]);
  expect(indexesOfType(batch, 'QUOTE')).toEqual([]);
});
