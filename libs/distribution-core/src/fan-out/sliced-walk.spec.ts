import { BusyClock } from '../testing/index.js';
import { SlicedWalk } from './sliced-walk.js';

function setUp(...items: string[]) {
  const clock = new BusyClock();
  const all = new Map(items.map((item) => [item, item]));
  const walk = new SlicedWalk(clock, all);
  const step = (msPerItem: number): string => {
    const visited: string[] = [];
    walk.step((item) => {
      visited.push(item);
      clock.workedMs += msPerItem;
    });
    return visited.join('');
  };
  return { all, walk, step };
}

describe('a walk in slices', () => {
  it('visits as many as two milliseconds allow, goes on there, and begins again when it has met all', () => {
    const { walk, step } = setUp('a', 'b', 'c', 'd', 'e');
    expect([step(1), walk.isUnderWay]).toEqual(['ab', true]);
    expect([step(0.5), walk.isUnderWay]).toEqual(['cde', false]);
    expect(step(0)).toBe('abcde');
  });

  it('visits one at a time where each takes longer', () => {
    const { step } = setUp('a', 'b');
    expect([step(10), step(10), step(10)]).toEqual(['a', 'b', '']);
  });

  it('meets what comes while it is under way, and not what goes', () => {
    const { all, step } = setUp('a', 'b', 'c', 'd');
    step(1);
    all.delete('c');
    all.set('e', 'e');
    expect(step(0)).toBe('de');
  });

  it('has nothing to do where there is nothing', () => {
    const { walk, step } = setUp();
    expect([step(1), walk.isUnderWay]).toEqual(['', false]);
  });
});
