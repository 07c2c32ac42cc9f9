import fc from 'fast-check';
import { decodeEventBatch, densePositions, encodeEventBatch, type EventBatch } from '../../event-batch.js';
import { anEvent } from '../../testing/builders.js';
import { EventSample } from './event-sample.js';

function batchOf(ids: readonly string[]): EventBatch {
  const records = ids.map((eventId) => anEvent({ eventId }));
  return decodeEventBatch(
    { topic: 't', partition: 0, epoch: 'e' },
    densePositions(0, ids.length),
    encodeEventBatch(records, 0),
  );
}

const idsIn = (sample: EventSample, batch: EventBatch) =>
  [...sample.indexesIn(batch)].map((index) => batch.eventIdAt(index));

describe('a sample of events', () => {
  it('has the wanted share, also of ids that differ in their last digit alone', () => {
    const batch = batchOf(Array.from({ length: 50_000 }, (_, n) => `12:${n}:0`));
    for (const share of [0, 0.01, 0.25, 1]) {
      expect(Math.abs(new EventSample(share).indexesIn(batch).length / 50_000 - share)).toBeLessThan(0.004);
    }
  });

  it('has the same events in every process, however they lie in batches, and a larger one those of a smaller one', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2 }), fc.nat(), (ids, at) => {
        const cut = at % ids.length;
        const whole = idsIn(new EventSample(0.3), batchOf(ids));
        const parts = [ids.slice(0, cut), ids.slice(cut)].filter(({ length }) => length > 0);
        expect(parts.flatMap((part) => idsIn(new EventSample(0.3), batchOf(part)))).toEqual(whole);
        expect(idsIn(new EventSample(0.6), batchOf(ids))).toEqual(expect.arrayContaining(whole));
      }),
    );
  });
});
