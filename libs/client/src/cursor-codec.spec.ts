import * as core from '@distributary/distribution-core';
import fc from 'fast-check';
import { decodeCursor, encodeCursor } from './cursor-codec.js';

const lanePosition = fc.record({
  topic: fc.string({ minLength: 1, unit: 'grapheme' }),
  partition: fc.nat(1000),
  epoch: fc.string({ unit: 'grapheme' }),
  position: fc.string({ maxLength: 24 }),
});
const cursor = fc.record({ catalogVersion: fc.nat(), positions: fc.array(lanePosition, { maxLength: 20 }) });

describe('the cursor codec', () => {
  it('writes the same text as the service, whatever the topics are called', () => {
    fc.assert(fc.property(cursor, (value) => expect(encodeCursor(value)).toBe(core.encodeCursor(value))));
  });

  it('reads what the service wrote', () => {
    fc.assert(
      fc.property(cursor, (value) => {
        const text = core.encodeCursor(value);
        expect(decodeCursor(text)).toEqual(core.decodeCursor(text));
      }),
    );
  });

  const wire = (value: unknown) => `v1.${Buffer.from(JSON.stringify(value)).toString('base64url')}`;

  it.each([
    'v2.WzFd',
    'v1.%%%',
    'v1.bm8ganNvbg',
    `v1.${'A'.repeat(70_000)}`,
    wire({}),
    wire([1]),
    wire([1.5, []]),
    wire([1, [['t', [[-1, 'e', 'p']]]]]),
    wire([1, [['t', [[0, 'e', 5]]]]]),
    wire([1, [[5, []]]]),
  ])('refuses %p', (text) => {
    expect(() => decodeCursor(text)).toThrow('not a cursor');
  });
});
