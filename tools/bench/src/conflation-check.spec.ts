import { addUpConflation, ConflationCheck } from './conflation-check.js';

/** Two topics that take turns. */
const aCheck = () => new ConflationCheck(2, (sequence) => sequence % 2);

describe('a conflated subscriber', () => {
  it('has every event as one that was sent or one that was merged', () => {
    const check = aCheck();
    check.take([0, 1], true);
    check.take([6, 7], true, 6);
    expect(check.accountedFor).toBe(8);
    expect(check.findings([6, 7])).toEqual({
      sent: 4,
      merged: 4,
      notNewest: 0,
      fewestUpdates: 2,
      mostUpdates: 2,
    });
  });

  it('is told of when what it has in the end is not the newest', () => {
    const check = aCheck();
    check.take([0], true);
    expect(check.findings([2, -1]).notNewest).toBe(1);
    expect(check.findings([0, 1]).notNewest).toBe(1);
    expect(check.findings([0, -1]).notNewest).toBe(0);
  });

  it('is told of when an older event comes after a newer one of its topic, or again', () => {
    const check = aCheck();
    check.take([4, 1], true);
    check.take([2, 3], true);
    check.take([3], true);
    expect(check.outOfOrder).toBe(2);
  });

  it('counts updates within the window only', () => {
    const check = aCheck();
    check.take([0, 1], false);
    check.take([2], true);
    expect(check.findings([2, 1])).toMatchObject({ sent: 3, fewestUpdates: 0, mostUpdates: 1 });
  });

  it('is one of many: counts add up, and the extremes are those of all', () => {
    const one = { sent: 1, merged: 2, notNewest: 0, fewestUpdates: 3, mostUpdates: 9 };
    const other = { sent: 10, merged: 20, notNewest: 1, fewestUpdates: 4, mostUpdates: 7 };
    expect(addUpConflation([one, other])).toEqual({
      sent: 11,
      merged: 22,
      notNewest: 1,
      fewestUpdates: 3,
      mostUpdates: 9,
    });
  });
});
