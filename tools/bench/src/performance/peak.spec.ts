import type { RunFigures } from '../run-figures.js';
import { findPeak, isKept } from './peak.js';

const aRun = (offered: number, figures: Partial<RunFigures> = {}) =>
  ({
    offeredPerSecond: offered,
    deliveriesPerSecond: offered,
    deliveriesPerCpuSecond: offered,
    unsent: 0,
    fromAccepted: { p50: 1, p99: 10, p999: 10, max: 10 },
    ...figures,
  }) as RunFigures;

describe('a step', () => {
  it('is kept when nearly all that was offered came in time', () => {
    expect(isKept(aRun(100, { deliveriesPerSecond: 91 }))).toBe(true);
    expect(isKept(aRun(100, { deliveriesPerSecond: 89 }))).toBe(false);
    expect(isKept(aRun(100, { unsent: 1 }))).toBe(false);
    expect(isKept(aRun(100, { fromAccepted: { p50: 1, p99: 501, p999: 501, max: 501 } }))).toBe(false);
  });
});

describe('the peak', () => {
  it('is the step that is kept and cheapest, and nothing is offered after one that was not kept', async () => {
    const offered: number[] = [];
    const peak = await findPeak([1, 2, 3, 4, 5], (rate) => {
      offered.push(rate);
      return Promise.resolve(aRun(rate, { unsent: rate === 4 ? 1 : 0, deliveriesPerCpuSecond: rate === 2 ? 9 : rate }));
    });
    expect(peak.offeredPerSecond).toBe(2);
    expect(offered).toEqual([1, 2, 3, 4, 4]);
  });

  it('may be the one of another worth', async () => {
    const runAt = (rate: number) => Promise.resolve(aRun(rate, { deliveriesPerCpuSecond: -rate }));
    expect((await findPeak([1, 2, 3], runAt)).offeredPerSecond).toBe(1);
    expect((await findPeak([1, 2, 3], runAt, (run) => run.deliveriesPerSecond)).offeredPerSecond).toBe(3);
  });

  it('is not there when nothing was kept', async () => {
    await expect(findPeak([7], (rate) => Promise.resolve(aRun(rate, { unsent: 1 })))).rejects.toThrow('not even 7');
  });
});
