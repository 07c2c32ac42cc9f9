import { DistributionError, MAX_POSITION_BYTES, offsetOfPosition } from '@distributary/distribution-core';
import fc from 'fast-check';
import { readMessageId, writeMessageId } from './message-id.js';
import { type MessagePlace, placeOf, positionList, positionOf } from './message-position.js';

const place = fc.record<MessagePlace>({
  ledger: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  entry: fc.integer({ min: -1, max: 0x7fff_ffff }),
  batchIndex: fc.integer({ min: -1, max: 100_000 }),
});
const compare = (a: MessagePlace, b: MessagePlace): number =>
  Math.sign(a.ledger - b.ledger || a.entry - b.entry || a.batchIndex - b.batchIndex);

describe('positions of messages', () => {
  it('sort as text as the messages do', () => {
    fc.assert(
      fc.property(place, place, fc.boolean(), fc.boolean(), (one, other, sameLedger, sameEntry) => {
        const second = {
          ...other,
          ledger: sameLedger ? one.ledger : other.ledger,
          entry: sameEntry ? one.entry : other.entry,
        };
        const [a, b] = [positionOf(one), positionOf(second)];
        expect(a < b ? -1 : a > b ? 1 : 0).toBe(compare(one, second));
      }),
    );
  });

  it('are read back, are short, and are never taken for those of a log that counts', () => {
    fc.assert(
      fc.property(place, (one) => {
        const position = positionOf(one);
        expect(placeOf(position)).toEqual(one);
        expect(position.length).toBeLessThanOrEqual(MAX_POSITION_BYTES);
        expect(offsetOfPosition(position)).toBeUndefined();
      }),
    );
  });

  it.each(['~~not~~', '19', 'z'.repeat(22), 'A'.repeat(22), '0'.repeat(23)])('do not look like %s', (text) => {
    expect(() => placeOf(text)).toThrow(DistributionError);
  });

  it('of a batch are found by position', () => {
    const positions = [0, 1, 5].map((entry) => positionOf({ ledger: 7, entry, batchIndex: -1 }));
    const list = positionList(positions);
    expect(list.indexAfter('')).toBe(0);
    expect(list.indexAfter(positions[1])).toBe(2);
    expect(list.indexAfter(positionOf({ ledger: 7, entry: 3, batchIndex: -1 }))).toBe(2);
    expect(list.indexAfter(positions[2])).toBe(3);
  });
});

describe('ids of messages', () => {
  it('are written as Pulsar reads them', () => {
    fc.assert(
      fc.property(place, (one) => {
        expect(readMessageId(writeMessageId(one))).toEqual({ ...one, isKnown: true, isLastOfEntry: true });
      }),
    );
  });

  it('are read as Pulsar 4.0.7 writes them', () => {
    const single = { batchIndex: -1, isKnown: true, isLastOfEntry: true };
    expect(readMessageId('CAUQATAA')).toEqual({ ledger: 5, entry: 1, ...single });
    expect(readMessageId('CAUQABgAMAA=')).toEqual({ ledger: 5, entry: 0, ...single });
  });

  it.each([
    [0, false],
    [3, false],
    [4, true],
  ])('of an entry that has 5 messages: %d is the last of them: %s', (batchIndex, isLastOfEntry) => {
    const id = Buffer.from([8, 7, 16, 2, 32, batchIndex, 48, 5]).toString('base64');
    expect(readMessageId(id)).toEqual({ ledger: 7, entry: 2, batchIndex, isKnown: true, isLastOfEntry });
  });

  it('say nothing of the place of a message that Pulsar had already', () => {
    expect(readMessageId('CP///////////wEQ////////////ATAA').isKnown).toBe(false);
  });

  it('are refused when they end too soon', () => {
    expect(() => readMessageId(Buffer.from([8, 0x80]).toString('base64'))).toThrow(RangeError);
  });
});
