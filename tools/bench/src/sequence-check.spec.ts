import { SequenceCheck } from './sequence-check.js';

function check(keys: number, sequences: readonly number[]): SequenceCheck {
  const findings = new SequenceCheck(keys);
  for (const sequence of sequences) findings.take(sequence);
  return findings;
}

describe('SequenceCheck', () => {
  it('finds nothing in what came completely, the keys in any mixture', () => {
    expect(check(2, [1, 0, 3, 2, 5, 4]).findings(6)).toEqual({ received: 6, missing: 0, duplicated: 0, outOfOrder: 0 });
  });

  it('sees a loss', () => {
    expect(check(2, [0, 1, 3]).findings(4)).toMatchObject({ missing: 1 });
  });

  it('sees a duplicate, and does not take it for disorder', () => {
    expect(check(2, [0, 1, 2, 3, 0]).findings(4)).toMatchObject({ duplicated: 1, outOfOrder: 0, missing: 0 });
  });

  it('sees a first delivery that came after a later one of its key', () => {
    expect(check(2, [2, 1, 0]).findings(3)).toMatchObject({ outOfOrder: 1, missing: 0 });
  });

  it('grows with the sequence', () => {
    const duplicated = (...sequences: number[]) => check(1, sequences).findings(0).duplicated;
    expect(duplicated(1_000_000, 1_000_000)).toBe(1);
    expect(duplicated(1_000_000, 999_999, 90_000_000)).toBe(0);
  });
});
