import { FakeClock, settle } from '@distributary/distribution-core/testing';
import { Pace } from './pace.js';

const SECOND = 1_000_000;

describe('the pace of a history', () => {
  let clock: FakeClock;
  let arrived: string[];
  const { signal } = new AbortController();
  beforeEach(() => {
    clock = new FakeClock();
    arrived = [];
  });
  const wait = (pace: Pace, name: string, timeMicros: number, until = signal) =>
    void pace.wait(timeMicros, until).then(() => arrived.push(name));
  const after = async (ms: number) => {
    clock.advance(ms);
    await settle(clock);
    return arrived;
  };

  it('is so many times that of the events, from the first one on', async () => {
    const pace = new Pace(clock, 4);
    expect(pace.isDue(100 * SECOND)).toBe(true);
    wait(pace, 'first', 100 * SECOND);
    wait(pace, 'second', 102 * SECOND);
    expect(pace.isDue(102 * SECOND)).toBe(false);
    expect(await after(0)).toEqual(['first']);
    expect(await after(499)).toEqual(['first']);
    expect(await after(1)).toEqual(['first', 'second']);
    expect(pace.isDue(102 * SECOND)).toBe(true);
  });

  it('gives a client that was slow at once what is due', async () => {
    const pace = new Pace(clock, 1);
    wait(pace, 'first', 0);
    await after(10_000);
    wait(pace, 'second', 9 * SECOND);
    expect(await after(0)).toEqual(['first', 'second']);
  });

  it('without a speed lets everything through', () => {
    const pace = new Pace(clock, 0);
    expect([pace.isDue(0), pace.isDue(1e9 * SECOND)]).toEqual([true, true]);
    expect(clock.pendingAlarms).toBe(0);
  });

  it('waits for longer than a timer can, and not once nobody waits', async () => {
    const pace = new Pace(clock, 0.5);
    const ending = new AbortController();
    wait(pace, 'first', 0);
    wait(pace, 'in a month', 30 * 86_400 * SECOND);
    wait(pace, 'in a year', 365 * 86_400 * SECOND, ending.signal);
    for (let day = 0; day < 60; day++) {
      expect(await after(0)).toEqual(['first']);
      await after(86_400_000);
    }
    expect(arrived).toEqual(['first', 'in a month']);
    ending.abort();
    expect(await after(0)).toEqual(['first', 'in a month', 'in a year']);
    expect(clock.pendingAlarms).toBe(0);
  });
});
