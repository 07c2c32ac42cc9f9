import fc from 'fast-check';
import { HashRing } from './hash-ring.js';

interface Entry {
  readonly text: string;
  readonly number: number;
}

describe('a ring of hashes', () => {
  it('knows the newest entry of each text, with its numbers, through whatever was added and dropped while it grew', () => {
    const step = fc.record({
      added: fc.integer({ min: 0, max: 400 }),
      texts: fc.integer({ min: 1, max: 2_000 }),
      dropped: fc.integer({ min: 0, max: 300 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const ring = new HashRing(2);
        const held: Entry[] = [];
        const newest = new Map<string, number>();
        let number = 0;
        for (const { added, texts, dropped } of steps) {
          for (let times = 0; times < added; times++) {
            const text = `t${(number * 7) % texts}`;
            if (ring.add(text) !== newest.has(text)) throw new Error(`${text} was taken for another one`);
            ring.set(ring.newest, 0, ++number);
            ring.set(ring.newest, 1, -number);
            held.push({ text, number });
            newest.set(text, number);
          }
          for (const { text, number: own } of held.splice(0, dropped)) {
            ring.dropOldest();
            if (newest.get(text) === own) newest.delete(text);
          }
        }
        expect(held.map((_, index) => ring.valueOf(ring.oldest + index, 0))).toEqual(held.map((entry) => entry.number));
        const found = [...newest.keys()].map((text) => ring.valueOf(ring.find(text) as number, 1));
        expect(found).toEqual([...newest.values()].map((own) => -own));
        expect(ring.find('never added')).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });
});
