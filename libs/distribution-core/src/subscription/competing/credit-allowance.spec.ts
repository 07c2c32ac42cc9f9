import { FakeClock } from '../../testing/index.js';
import { CreditAllowance } from './credit-allowance.js';

describe('what one session of a shared subscription is allowed', () => {
  it.each([
    [0.5, 1, 2_000],
    [1, 1, 1_000],
    [10, 10, 100],
  ])('at %d events a second is %d at first, and one more after %d ms', (maxRate, first, afterMs) => {
    const clock = new FakeClock();
    const allowance = new CreditAllowance(Number.POSITIVE_INFINITY, maxRate, clock);
    expect(allowance.events()).toBe(first);
    allowance.spend(first);
    clock.advance(afterMs / 2);
    expect(allowance.events()).toBe(0);
    clock.advance(afterMs / 2);
    expect(allowance.events()).toBe(1);
    clock.advance(3_600_000);
    expect(allowance.events()).toBe(first);
  });

  it('is no more than the credit that is left', () => {
    const allowance = new CreditAllowance(3, 10, new FakeClock());
    allowance.spend(2);
    expect(allowance.events()).toBe(1);
    allowance.grant(20);
    expect(allowance.events()).toBe(8);
  });
});
