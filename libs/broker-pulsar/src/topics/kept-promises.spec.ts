import { FakeClock } from '@distributary/distribution-core/testing';
import { KeptPromises } from './kept-promises.js';

class Topics {
  short: readonly string[] = [];
  lists = 0;
  looks = 0;
  isThere = true;

  listed(): Promise<void> {
    this.lists++;
    return this.isThere ? Promise.resolve() : Promise.reject(new Error('no answer'));
  }

  keptTooShort(): Promise<readonly string[]> {
    this.looks++;
    return Promise.resolve(this.short);
  }
}

describe('what a Pulsar promises', () => {
  const clock = new FakeClock();

  it('is asked of its topics every 30 s; in between, whether it answers', async () => {
    const topics = new Topics();
    const promises = new KeptPromises(topics, clock);
    await Promise.all([promises.check(), promises.check()]);
    await promises.check();
    expect([topics.looks, topics.lists]).toEqual([1, 1]);
    topics.isThere = false;
    await expect(promises.check()).rejects.toThrow('no answer');
    clock.advance(30_000);
    await promises.check();
    expect(topics.looks).toBe(2);
  });

  it('is not kept, and is seen to be kept again at once', async () => {
    const topics = new Topics();
    const promises = new KeptPromises(topics, clock);
    topics.short = Array.from({ length: 12 }, (_, index) => `topic-${index}`);
    await expect(promises.check()).rejects.toMatchObject({
      code: 'broker.unavailable',
      message: expect.stringMatching(/^Pulsar keeps 12 topics for shorter than they promise: topic-0, .*topic-9$/),
    });
    topics.short = [];
    await promises.check();
    expect(topics.looks).toBe(2);
  });
});
