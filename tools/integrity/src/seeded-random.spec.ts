import { SeededRandom } from './seeded-random.js';

const take = (seed: number) => {
  const random = new SeededRandom(seed);
  return Array.from({ length: 1000 }, () => random.between(10, 20));
};

describe('chance with a seed', () => {
  it('is the same again with the same seed, and another with another', () => {
    expect(take(7)).toEqual(take(7));
    expect(take(7)).not.toEqual(take(8));
  });

  it('stays within its bounds and fills them', () => {
    const numbers = take(1);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...numbers)).toBeLessThan(20);
    const mean = numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
    expect(mean).toBeCloseTo(15, 0);
  });
});
