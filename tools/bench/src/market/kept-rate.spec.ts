import type { RunFigures } from '../run-figures.js';
import { keptRate } from './kept-rate.js';

const world = (most: number) => {
  const offered: number[] = [];
  const runAt = (rate: number) => {
    offered.push(rate);
    return Promise.resolve({ unsent: Math.max(0, rate - most) } as RunFigures);
  };
  return { offered, runAt };
};
const isKept = ({ unsent }: RunFigures) => unsent === 0;

describe('the rate that is kept', () => {
  it('is the first of falling ones that is, and is measured as often as asked for', async () => {
    const { offered, runAt } = world(300);
    const kept = await keptRate([1_000, 500, 250, 100], 3, runAt, isKept);
    expect(offered).toEqual([1_000, 500, 250, 250, 250]);
    expect(kept).toMatchObject({ rate: 250, isKept: true, before: [{ rate: 1_000 }, { rate: 500 }] });
    expect(kept.runs).toHaveLength(3);
  });

  it('is none if even the lowest is not, which is told', async () => {
    const { offered, runAt } = world(10);
    expect(await keptRate([100, 50], 1, runAt, isKept)).toMatchObject({ rate: 50, isKept: false });
    expect(offered).toEqual([100, 50]);
  });
});
