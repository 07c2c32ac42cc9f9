import { RecentMap } from './recent-map.js';

describe('what was set lately', () => {
  it('is known, at least half of the capacity and at most all of it', () => {
    const recent = new RecentMap<number>(10);
    for (let each = 0; each < 1_000; each++) {
      recent.set(`k${each}`, each);
      const known = Array.from({ length: each + 1 }, (_, key) => recent.get(`k${key}`)).filter(
        (it) => it !== undefined,
      );
      expect(known.length).toBeGreaterThanOrEqual(Math.min(each + 1, 5));
      expect(known.length).toBeLessThanOrEqual(10);
      expect(known.at(-1)).toBe(each);
    }
  });
});
