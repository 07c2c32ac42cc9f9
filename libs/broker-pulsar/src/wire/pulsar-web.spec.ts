import { isTransient } from '../pulsar.errors.js';
import { refusing } from '../testing/refusing-web.js';

const refusal = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'let in',
    (error: unknown) => ({ code: (error as { code: string }).code, again: isTransient(error) }),
  );

describe('the web service of Pulsar', () => {
  it.each([
    [401, 'broker.unavailable', false],
    [403, 'broker.unavailable', false],
    // Its topic may be so new that the broker has not heard of it.
    [404, 'broker.unavailable', true],
    [409, 'broker.unavailable', true],
    [412, 'request.invalid', false],
    [503, 'broker.unavailable', true],
  ])('refuses a socket with %d: %s, worth another attempt: %s', async (status, code, again) => {
    const found = await refusing(status, (web) => refusal(web.open('producer/persistent/a/b/c', {}, () => undefined)));
    expect(found).toEqual({ code, again });
  });

  it('is believed by its admin API that a topic is not there', async () => {
    const found = await refusing(404, (web) => refusal(web.ask({ method: 'GET', path: 'persistent/a/b/c/stats' })));
    expect(found).toEqual({ code: 'topic.not_found', again: false });
  });

  it('is asked again when nobody serves the topic, as while it moves from one broker to another', async () => {
    const found = await refusing(
      412,
      (web) => refusal(web.ask({ method: 'GET', path: 'persistent/a/b/c/subscriptions' })),
      'Failed to find ownership for topic:persistent://a/b/c',
    );
    expect(found).toEqual({ code: 'broker.unavailable', again: true });
  });
});
