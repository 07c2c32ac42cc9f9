import { positionOfOffset } from '@distributary/distribution-core';
import fc from 'fast-check';
import { offsetAfter, offsetPositions, positionBefore } from './offset-positions.js';

const ascending = fc
  .uniqueArray(fc.nat(100_000), { minLength: 1, maxLength: 50 })
  .map((offsets) => Float64Array.from(offsets.sort((a, b) => a - b)));

describe('offsets with holes as positions', () => {
  it('are given by index, and found again by any position between them', () => {
    fc.assert(
      fc.property(ascending, fc.nat(100_100), (offsets, wanted) => {
        const positions = offsetPositions(offsets);
        expect(Array.from(offsets, (_, index) => positions.at(index))).toEqual(Array.from(offsets, positionOfOffset));
        const expected = offsets.findIndex((offset) => offset > wanted);
        expect(positions.indexAfter(positionOfOffset(wanted))).toBe(expected < 0 ? offsets.length : expected);
      }),
    );
  });

  it('begin before the first one', () => {
    expect(positionBefore(0)).toBe('');
    expect(offsetAfter('')).toBe(0);
    expect(offsetAfter(positionBefore(7))).toBe(7);
    expect(offsetPositions(Float64Array.of(3, 9)).indexAfter('')).toBe(0);
  });

  it('refuse what was never a position', () => {
    expect(() => offsetAfter('~~not~~')).toThrow(expect.objectContaining({ code: 'request.invalid' }));
    expect(() => offsetPositions(Float64Array.of(3, 9)).indexAfter('~~not~~')).toThrow();
  });
});
