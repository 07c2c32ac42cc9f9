import { anEvent } from '@distributary/distribution-core/testing';
import { restateEvent } from './restate-event.js';

const stored = {
  event_id: 'e',
  timestamp: '2025-06-21T10:00:00.000Z',
  data_type: 'METRICS',
  distribution: { topic: 'monitoring/metrics', routing_key: 'a.b', target_subscribers: ['x'], priority: 5 },
  data: { n: 1 },
  metadata: { source_service: 's' },
};
const restated = (value: unknown, place: Parameters<typeof restateEvent>[1]) =>
  JSON.parse(Buffer.from(restateEvent(anEvent({ routingKey: 'c.d', value }), place)).toString()) as unknown;

describe('a copy of a stored event', () => {
  it('says where it is, and is otherwise the same', () => {
    expect(restated(stored, { topic: 'copies', priority: undefined })).toEqual({
      ...stored,
      distribution: { ...stored.distribution, topic: 'copies', routing_key: 'c.d' },
    });
  });

  it('says how urgent it is if a rule decided that', () => {
    expect(restated(stored, { topic: 'copies', priority: 1 })).toMatchObject({ distribution: { priority: 1 } });
  });

  it('keeps the form of what others wrote', () => {
    expect(restated({ mine: true }, { topic: 'copies', priority: 1 })).toEqual({ mine: true });
  });
});
