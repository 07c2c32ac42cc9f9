import { jest } from '@jest/globals';
import { until } from '@distributary/distribution-core/testing';
import { SystemClock } from './system-clock.js';
import { SystemIds } from './system-ids.js';

describe('SystemClock', () => {
  const clock = new SystemClock();

  it('tells wall time in microseconds', () => {
    const before = Date.now();
    const now = clock.nowMicros();
    expect(Number.isInteger(now)).toBe(true);
    expect(Math.abs(now / 1000 - before)).toBeLessThan(1_000);
  });

  it('follows the wall clock when somebody sets it', () => {
    const spy = jest.spyOn(Date, 'now').mockReturnValue(1_000_000);
    try {
      expect(Math.abs(clock.nowMicros() / 1000 - 1_000_000)).toBeLessThan(3);
    } finally {
      spy.mockRestore();
    }
    expect(Math.abs(clock.nowMicros() / 1000 - Date.now())).toBeLessThan(1_000);
  });

  it('never goes back', () => {
    const first = clock.monotonicMs();
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(first);
  });

  it('calls back after the delay, unless cancelled', async () => {
    const called: string[] = [];
    const cancel = clock.after(1, () => called.push('cancelled'));
    clock.after(2, () => called.push('kept'));
    clock.soon(() => called.push('soon'));
    cancel();
    await until('the alarm', () => called.includes('kept'));
    expect(called).toEqual(['soon', 'kept']);
  });
});

describe('SystemIds', () => {
  it('makes different ids and numbers in [0, 1)', () => {
    const ids = new SystemIds();
    expect(ids.uuid()).toMatch(/^[\da-f]{8}-[\da-f]{4}-4/);
    expect(ids.uuid()).not.toBe(ids.uuid());
    const value = ids.random();
    expect(value >= 0 && value < 1).toBe(true);
  });
});
