import { monotonicMicros, offsetOf } from './monotonic-clock.js';

describe('the clock that the processes of a bench share', () => {
  it('is the monotonic one of the machine', () => {
    const before = Number(process.hrtime.bigint()) / 1000;
    const now = monotonicMicros();
    const after = Number(process.hrtime.bigint()) / 1000;
    expect(now).toBeGreaterThan(before - 50);
    expect(now).toBeLessThan(after + 50);
  });

  it('is the same if the process was interrupted while it was set', () => {
    let clock = 5_000;
    let readings = 0;
    const read = () => {
      // Others have the core for 80 ms during the first attempt, and for 20 ms during each second one.
      readings++;
      clock += readings === 2 ? 80_000 : readings % 6 === 4 ? 20_000 : 1;
      return clock;
    };
    const offset = offsetOf(read, () => read() - 3_000);
    expect(Math.abs(offset - 3_000)).toBeLessThanOrEqual(2);
  });
});
