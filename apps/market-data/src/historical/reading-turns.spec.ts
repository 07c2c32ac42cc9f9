import { FakeClock, settle } from '@distributary/distribution-core/testing';
import { ReadingTurns } from './reading-turns.js';

describe('turns of reading', () => {
  it('are so many at once, in the order in which they were asked for, also after a failure', async () => {
    const turns = new ReadingTurns(2);
    const begun: number[] = [];
    const ends: ((error?: Error) => void)[] = [];
    const results = [0, 1, 2, 3].map((index) =>
      turns
        .run(() => {
          begun.push(index);
          return new Promise<void>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve())));
        })
        .catch((error: Error) => error.message),
    );
    await settle(new FakeClock());
    expect(begun).toEqual([0, 1]);
    ends[1](new Error('broken'));
    await settle(new FakeClock());
    expect(begun).toEqual([0, 1, 2]);
    ends[0]();
    await settle(new FakeClock());
    expect(begun).toEqual([0, 1, 2, 3]);
    ends[2]();
    ends[3]();
    expect(await Promise.all(results)).toEqual([undefined, 'broken', undefined, undefined]);
    await expect(turns.run(() => Promise.resolve('free'))).resolves.toBe('free');
  });
});
