import fc from 'fast-check';
import { redeliveryDelayMs } from './redelivery-policy.js';

describe('the pause before an event is sent again', () => {
  const policy = { firstMs: 200, maxMs: 30_000 };

  it('may be twice as long with each failure, up to a limit', () => {
    const longest = [1, 2, 3, 8, 9, 1_000].map((failures) => redeliveryDelayMs(policy, failures, 1));
    expect(longest).toEqual([200, 400, 800, 25_600, 30_000, 30_000]);
  });

  it('is anything between nothing and that, by chance', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, random) => {
          const delayMs = redeliveryDelayMs(policy, failures, random);
          expect(delayMs).toBeGreaterThanOrEqual(0);
          expect(delayMs).toBeLessThanOrEqual(redeliveryDelayMs(policy, failures, 1));
        },
      ),
    );
  });
});
