import { holds, worstOf } from './check.js';

describe('a check', () => {
  it('holds within its limits, both included, and never for what is no number', () => {
    expect(holds({ what: '', found: 3, atMost: 3 })).toBe(true);
    expect(holds({ what: '', found: 3, atLeast: 3 })).toBe(true);
    expect(holds({ what: '', found: 4, atMost: 3 })).toBe(false);
    expect(holds({ what: '', found: 2, atLeast: 3 })).toBe(false);
    expect(holds({ what: '', found: Number.NaN, atMost: 3 })).toBe(false);
    expect(holds({ what: '', found: 99 })).toBe(true);
  });

  it('of several runs is the one that is farthest from what it should be', () => {
    const runs = [5, 9, 7].map((found) => [{ what: 'late', found, atMost: 6 }]);
    expect(worstOf(runs)).toEqual([{ what: 'late', found: 9, atMost: 6 }]);
    expect(worstOf([[{ what: 'gaps', found: 2, atLeast: 1 }], [{ what: 'gaps', found: 0, atLeast: 1 }]])[0].found).toBe(
      0,
    );
    expect(
      worstOf([[{ what: 'x', found: 2, atMost: 1 }], [{ what: 'x', found: Number.NaN, atMost: 1 }]])[0].found,
    ).toBeNaN();
  });
});
