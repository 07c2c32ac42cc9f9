import fc from 'fast-check';
import { decodeEventBatch, densePositions, encodeEventBatch, type EventBatch } from '../event-batch.js';
import { DedupeWindow } from '../ingest/dedupe-window.js';
import { BEFORE_FIRST, offsetOfPosition, positionOfOffset } from '../position.js';
import { anEvent } from '../testing/builders.js';
import { KnownCopies } from './known-copies.js';

const lane = { topic: 't', partition: 0, epoch: 'e' };

/** The events of a lane in batches of these sizes, again and again. */
function* batchesOf(ids: readonly string[], sizes: readonly number[], first = 0): Generator<EventBatch> {
  for (let at = first, turn = 0; at < ids.length; turn++) {
    const records = ids.slice(at, at + sizes[turn % sizes.length]).map((eventId) => anEvent({ eventId }));
    yield decodeEventBatch(lane, densePositions(at, records.length), encodeEventBatch(records, 0));
    at += records.length;
  }
}

describe('the copies that the tail of a lane has found', () => {
  it('are found again, however the lane is cut when it is read anew', () => {
    const ids = fc.array(fc.integer({ min: 0, max: 20 }).map(String), { minLength: 1, maxLength: 60 });
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(ids, sizes, sizes, fc.nat(59), (ids, cut, cutAnew, first) => {
        const window = new DedupeWindow();
        const copies = new KnownCopies(BEFORE_FIRST);
        for (const batch of batchesOf(ids, cut)) copies.note(batch, window.markDuplicates(batch));
        for (const batch of batchesOf(ids, cutAnew, first)) {
          const marked = copies.markDuplicates(batch);
          for (let index = 0; index < batch.count; index++) {
            const offset = offsetOfPosition(batch.positions.at(index)) as number;
            expect(marked?.[index] === 1).toBe(ids.indexOf(ids[offset]) < offset);
          }
        }
      }),
    );
  });

  it('are known of what the tail has read, and of nothing else', () => {
    const copies = new KnownCopies(positionOfOffset(4));
    expect(copies.coversFrom(positionOfOffset(3))).toBe(false);
    expect(copies.coversFrom(positionOfOffset(4))).toBe(true);
    expect(copies.coversTo(positionOfOffset(5))).toBe(false);
    const [batch] = batchesOf(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], [3], 5);
    copies.note(batch, undefined);
    expect(copies.coversTo(positionOfOffset(7))).toBe(true);
    expect(copies.coversTo(positionOfOffset(8))).toBe(false);
  });

  it('do not count what was left out for another reason: that it lies before where the tail began', () => {
    const copies = new KnownCopies(positionOfOffset(1));
    const [batch] = batchesOf(['a', 'b', 'c', 'c'], [4]);
    copies.note(batch, Uint8Array.of(1, 1, 0, 1));
    expect(copies.markDuplicates(batch)).toEqual(Uint8Array.of(0, 0, 0, 1));
  });

  it('are not known of what came before a lane lost its end: other events lie there now', () => {
    const copies = new KnownCopies(BEFORE_FIRST);
    const [batch] = batchesOf(['a', 'b', 'c', 'd'], [4]);
    copies.note(batch, undefined);
    copies.reached(positionOfOffset(1));
    copies.note(batch, new Uint8Array(4).fill(1));
    expect(copies.coversFrom(positionOfOffset(2))).toBe(false);
    const [next] = batchesOf(['a', 'b', 'c', 'd', 'e'], [1], 4);
    copies.note(next, undefined);
    expect(copies.coversFrom(positionOfOffset(3))).toBe(true);
    expect(copies.markDuplicates(next)).toBeUndefined();
  });

  it('are forgotten when there are too many, the first of them first; and it says so', () => {
    const copies = new KnownCopies(BEFORE_FIRST);
    const ids = Array.from({ length: 10_000 }, () => 'a');
    for (const batch of batchesOf(ids, [1_000])) copies.note(batch, new Uint8Array(batch.count).fill(1));
    expect(copies.coversFrom(positionOfOffset(1_000))).toBe(false);
    expect(copies.coversFrom(positionOfOffset(9_000))).toBe(true);
    const [last] = batchesOf(ids, [500], 9_500);
    expect(copies.markDuplicates(last)).toEqual(new Uint8Array(500).fill(1));
  });
});
