import fc from 'fast-check';
import { decodeEventBatch, densePositions, encodeEventBatch } from './event-batch.js';
import { EventIds } from './event-ids.js';
import { anEvent } from './testing/builders.js';

const lane = { topic: 't', partition: 0, epoch: 'e' };
const texts = fc.array(fc.string({ unit: 'binary' }), { maxLength: 20 });

describe('the ids of a batch', () => {
  it('are the texts that they were made of, whatever letters are in them', () => {
    fc.assert(fc.property(texts, (ids) => void expect(EventIds.of(ids).all()).toEqual(ids)));
  });

  it('are the same behind one another, wherever they lay before', () => {
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 4 }), (parts) => {
        const decoded = parts.map((ids) => {
          const records = ids.map((eventId) => anEvent({ eventId }));
          return decodeEventBatch(lane, densePositions(0, ids.length), encodeEventBatch(records, 1)).ids;
        });
        const all = EventIds.concat(decoded);
        expect(all.all()).toEqual(parts.flat());
        expect(all.byteLength).toBe(Buffer.byteLength(parts.flat().join('')));
        expect(decoded.map((ids) => ids.byteLength)).toEqual(parts.map((ids) => Buffer.byteLength(ids.join(''))));
      }),
    );
  });
});
