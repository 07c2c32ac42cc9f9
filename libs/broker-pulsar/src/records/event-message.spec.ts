import { anEvent } from '@distributary/distribution-core/testing';
import { eventFrame, EventReader, firstMessageFrame, type PulsarMessage } from './event-message.js';

/** As Pulsar gives it back. */
const given = (frame: string): PulsarMessage => ({
  ...(JSON.parse(frame) as Pick<PulsarMessage, 'payload' | 'properties' | 'key'>),
  messageId: 'CAUQATAA',
  publishTime: '2026-11-22T00:49:33.693Z',
});

describe('an event as a message', () => {
  it('comes back as it was', () => {
    const event = {
      ...anEvent({ attributes: { severity: 'critical', level: 3, open: true }, routingKey: 'AAPL.trade' }),
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    };
    expect(new EventReader().read(given(eventFrame(event, 'e1', 7)), 'e1')).toEqual(event);
    expect(JSON.parse(eventFrame(event, 'e1', 7))).toMatchObject({ context: '7', key: 'AAPL.trade' });
  });

  it('is read without parsing attributes that were read before', () => {
    const reader = new EventReader();
    const read = (eventId: string) =>
      reader.read(given(eventFrame(anEvent({ eventId, attributes: { a: 1 } }), 'e1', 1)), 'e1');
    expect(read('one')?.attributes).toBe(read('two')?.attributes);
  });

  it('is none of the lane when it was written in another life of the topic, nor is what each lane begins with', () => {
    const reader = new EventReader();
    expect(reader.read(given(eventFrame(anEvent(), 'e1', 1)), 'e2')).toBeUndefined();
    expect(reader.read(given(firstMessageFrame('e1')), 'e1')).toBeUndefined();
  });

  describe('in a topic of others', () => {
    const read = (more: object) => {
      const { properties, ...message } = given(eventFrame(anEvent({ eventId: 'ours' }), 'e1', 1));
      return new EventReader().read({ ...message, properties: { ...properties, ...more } }, 'foreign');
    };

    it('is the event that it is a copy of, whatever topic that was in', () => {
      expect(read({})).toEqual(anEvent({ eventId: 'ours' }));
    });

    it.each([
      ['dx-attributes', '{"a":'],
      ['dx-attributes', '["a"]'],
      ['dx-attributes', '{"a":{}}'],
      ['dx-time', 'now'],
      ['dx-time', '1e19'],
    ])('is as if others had written it when its %s are %s', (name, text) => {
      expect(read({ [name]: text })).toMatchObject({ eventId: '080510013000', attributes: {} });
    });

    it('has a JSON object as its value, whatever its properties promise', () => {
      const { properties } = given(eventFrame(anEvent(), 'e1', 1));
      const event = new EventReader().read({ ...given(firstMessageFrame('e1')), properties }, 'foreign');
      expect(Buffer.from(event?.value ?? []).toString()).toBe('{"data_base64":""}');
    });
  });

  it.each([
    ['{"a":1}', '{"a":1}'],
    ['[1]', '{"data":[1]}'],
    ['plain', '{"data_base64":"cGxhaW4="}'],
  ])('that others wrote as %s has a JSON object as its value', (payload, value) => {
    const message = {
      messageId: 'CAUQATAA',
      payload: Buffer.from(payload).toString('base64'),
      publishTime: '2026-11-22T00:49:33.693Z',
    };
    const event = new EventReader().read(message, 'foreign');
    expect(Buffer.from(event?.value ?? []).toString()).toBe(value);
    expect(event).toMatchObject({ eventId: '080510013000', routingKey: '', timeMicros: 1_795_308_573_693_000 });
  });

  it('that others wrote as what looks like JSON, but is no UTF-8, has its bytes as they are', () => {
    const payload = Buffer.from('{"a":"\xff"}', 'latin1').toString('base64');
    const message = { messageId: 'CAUQATAA', payload, publishTime: '2026-11-22T00:49:33.693Z' };
    const event = new EventReader().read(message, 'foreign');
    expect(Buffer.from(event?.value ?? []).toString()).toBe('{"data_base64":"eyJhIjoi/yJ9"}');
  });
});
