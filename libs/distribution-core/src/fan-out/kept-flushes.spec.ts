import { Flush } from './feed.js';
import { KeptFlushes } from './kept-flushes.js';

const KIB = 1024;
const flush = (sequence: number, kib = 1): Flush => {
  const bytes = Buffer.alloc(kib * KIB);
  return new Flush(sequence, bytes, 0, undefined, 1, []);
};

describe('the flushes that a feed keeps', () => {
  it('are found by their number, the oldest ones go when they are too large together', () => {
    const kept = new KeptFlushes();
    for (let sequence = 5; sequence < 105; sequence++) kept.keep(flush(sequence));
    kept.limit(70 * KIB);
    expect(kept.at(104)?.sequence).toBe(104);
    expect(kept.at(35)?.sequence).toBe(35);
    expect(kept.at(34)).toBeUndefined();
    expect(kept.at(105)).toBeUndefined();
    // However little is allowed, a few of the last ones are.
    kept.limit(0);
    expect(kept.at(41)?.sequence).toBe(41);
    expect(kept.at(40)).toBeUndefined();
  });

  it('go when one comes that is not kept: there would be a hole', () => {
    const kept = new KeptFlushes();
    kept.keep(flush(1));
    kept.clear();
    kept.keep(flush(3));
    expect(kept.at(1)).toBeUndefined();
    expect(kept.at(3)?.sequence).toBe(3);
  });
});
