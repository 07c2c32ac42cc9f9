import fc from 'fast-check';
import { sizeOfSigned, sizeOfUnsigned, VarintReader, writeSigned, writeUnsigned } from './varint.js';

describe('variable-length numbers', () => {
  const largest = Number.MAX_SAFE_INTEGER;

  it('come back as they were written, in as many bytes as was said', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -Math.floor(largest / 2), max: Math.floor(largest / 2) })), (numbers) => {
        const bytes = Buffer.alloc(numbers.length * 10);
        let at = 0;
        for (const number of numbers) {
          const from = at;
          at = writeSigned(bytes, at, number);
          expect(at - from).toBe(sizeOfSigned(number));
        }
        const reader = new VarintReader(bytes.subarray(0, at));
        expect(numbers.map(() => reader.signed() + 0)).toEqual(numbers.map((number) => number + 0));
        expect(reader.at).toBe(at);
      }),
    );
  });

  it('are Kafka’s: the sign is folded into the lowest bit', () => {
    const bytes = Buffer.alloc(5);
    expect(
      [0, -1, 1, -2, 150].map((number) => bytes.subarray(0, writeSigned(bytes, 0, number)).toString('hex')),
    ).toEqual(['00', '01', '02', '03', 'ac02']);
    expect(bytes.subarray(0, writeUnsigned(bytes, 0, 300)).toString('hex')).toBe('ac02');
    expect(sizeOfUnsigned(2 ** 31)).toBe(5);
  });

  it('say so when they are cut', () => {
    expect(() => new VarintReader(Buffer.from([0x80])).unsigned()).toThrow(RangeError);
  });
});
