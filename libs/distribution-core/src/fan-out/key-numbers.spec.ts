import fc from 'fast-check';
import type { EventRecord } from '../event.js';
import { decodeEventBatch, densePositions, type EventBatch, encodeEventBatch } from '../event-batch.js';
import { conflationKeyOf } from './conflation-key.js';
import { KeyNumbers, MetNumbers } from './key-numbers.js';

const batchOf = (keys: readonly (readonly [string, string | undefined])[]): EventBatch => {
  const records = keys.map(([routingKey, symbol], at): EventRecord => ({
    eventId: `e${at}`,
    timeMicros: at,
    routingKey,
    attributes: symbol === undefined ? {} : { symbol },
    value: Buffer.from('{}'),
  }));
  return decodeEventBatch(
    { topic: 't', partition: 0, epoch: 'e' },
    densePositions(0, records.length),
    encodeEventBatch(records, 0),
  );
};
const BY_SYMBOL = { attributes: ['symbol'] } as const;
const word = fc.constantFrom('a', 'b', 'c');
const batches = fc.array(fc.array(fc.tuple(word, fc.option(word, { nil: undefined })), { minLength: 1 }), {
  minLength: 1,
  maxLength: 4,
});

describe('numbers of keys', () => {
  it.each([['routing_key' as const], [BY_SYMBOL]])('are the same where the keys are: %j', (key) => {
    fc.assert(
      fc.property(batches, (all) => {
        const numbers = new KeyNumbers();
        numbers.use(key);
        const seen = new Map<string, number>();
        for (const batch of all.map(batchOf)) {
          numbers.of(batch).forEach((number, index) => {
            const text = conflationKeyOf(key, batch, index);
            expect(seen.get(text) ?? number).toBe(number);
            seen.set(text, number);
          });
        }
        expect(new Set(seen.values()).size).toBe(seen.size);
      }),
    );
  });

  it('are made once for each batch', () => {
    const numbers = new KeyNumbers();
    const batch = batchOf([['a', 'x']]);
    numbers.use(BY_SYMBOL);
    const made = numbers.of(batch);
    numbers.use({ attributes: ['symbol'] });
    expect(numbers.of(batch)).toBe(made);
  });

  it('are given anew for another key, and beyond the limit', () => {
    const numbers = new KeyNumbers(2);
    const batch = batchOf([
      ['a', 'x'],
      ['b', 'x'],
      ['c', 'x'],
    ]);
    numbers.use(BY_SYMBOL);
    expect([...numbers.of(batch)]).toEqual([0, 1, 2]);
    const later = batchOf([['c', 'x']]);
    // Batches that are compared have them in common, however many keys there are.
    expect([...numbers.of(later)]).toEqual([2]);
    numbers.use(BY_SYMBOL);
    expect([...numbers.of(later)]).toEqual([0]);
    numbers.use({ attributes: [] });
    expect([...numbers.of(batch)]).toEqual([0, 1, 2]);
  });
});

describe('numbers that were met', () => {
  it('are met once in each round', () => {
    const met = new MetNumbers();
    for (let round = 0; round < 3; round++) {
      met.begin();
      expect([met.add(0), met.add(5_000), met.add(0), met.add(5_000)]).toEqual([true, true, false, false]);
    }
  });
});
