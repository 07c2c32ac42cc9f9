import { connectionLost, hasStatus, isTransient, pulsarError } from './pulsar.errors.js';

describe('what Pulsar answers', () => {
  it.each([
    [400, 'request.invalid', false],
    [401, 'broker.unavailable', false],
    [403, 'broker.unavailable', false],
    [404, 'topic.not_found', false],
    [409, 'topic.exists', false],
    [412, 'request.invalid', false],
    [500, 'broker.unavailable', true],
    [503, 'broker.unavailable', true],
  ])('%d is %s, worth another attempt: %s', (status, code, again) => {
    const error = pulsarError(status, 'read', 'why');
    expect(error).toMatchObject({ code, message: `Pulsar answered ${status} to read: why` });
    expect(isTransient(error)).toBe(again);
    expect(hasStatus(error, status)).toBe(true);
  });

  it('412 passes while nobody serves the topic, and keeps its status', () => {
    const error = pulsarError(412, 'read', 'Failed to find ownership for topic:persistent://a/b/c');
    expect(error).toMatchObject({ code: 'broker.unavailable', isTransient: true });
    expect(hasStatus(error, 412)).toBe(true);
  });

  it('says why there was no answer', () => {
    expect(connectionLost('read', new Error('refused'))).toMatchObject({
      code: 'broker.unavailable',
      isTransient: true,
      message: 'no answer of Pulsar to read: refused',
    });
  });
});
