import { LOCAL_PRINCIPAL, type Principal } from '@distributary/distribution-core';
import type { PublishedEvent } from './published-event.js';
import { IngestPublisher } from './publisher.js';

const event: PublishedEvent = {
  topic: 'metrics',
  record: { eventId: 'e', timeMicros: 0, routingKey: 'k', attributes: {}, value: new Uint8Array() },
};
const acme: Principal = {
  ...LOCAL_PRINCIPAL,
  tenant: 'acme',
  permissions: [{ verbs: ['publish'], topicPattern: 'metrics', constraint: undefined }],
};

describe('events on their way in', () => {
  const seen: (readonly PublishedEvent[])[] = [];
  const admit = (events: readonly PublishedEvent[]) => {
    seen.push(events);
    return events;
  };
  const publisher = new IngestPublisher(
    { publish: (events) => Promise.resolve(events.map(() => undefined as never)) },
    { read: () => event, admit },
    { run: (_events, work) => work() },
  );
  beforeEach(() => seen.splice(0));

  it('are looked at by the names that they have in the catalog', async () => {
    await publisher.publishRead([event], acme);
    expect(seen).toEqual([[{ ...event, topic: '@acme/metrics' }]]);
  });

  it('are not looked at where they are not permitted', async () => {
    const reader = { ...acme, permissions: [{ verbs: ['read'], topicPattern: '#', constraint: undefined }] } as const;
    await expect(publisher.publishRead([event], reader)).rejects.toMatchObject({ code: 'auth.forbidden' });
    expect(seen).toEqual([]);
  });
});
