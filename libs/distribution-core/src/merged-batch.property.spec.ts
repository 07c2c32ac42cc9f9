import fc from 'fast-check';
import type { EventRecord } from './event.js';
import { decodeEventBatch, densePositions, encodeEventBatch, type EventBatch } from './event-batch.js';
import { mergeEventBatches } from './merged-batch.js';
import { BEFORE_FIRST, positionOfOffset } from './position.js';

const lane = { topic: 't', partition: 0, epoch: 'e' };

const attributes = fc.dictionary(
  fc.constantFrom('severity', 'service', 'value'),
  fc.oneof(fc.constantFrom('high', 'low'), fc.integer(), fc.boolean()),
);
const record: fc.Arbitrary<EventRecord> = fc
  .record({
    eventId: fc.uuid(),
    timeMicros: fc.nat(),
    routingKey: fc.constantFrom('a.b', 'c.d'),
    attributes,
    value: fc.json().map((text) => new Uint8Array(Buffer.from(text))),
  })
  .map((each) => ({ ...each, attributes: { ...each.attributes } }));
/** Batches of a lane, with holes between them. */
const parts = fc.array(fc.record({ hole: fc.nat(2), records: fc.array(record, { minLength: 1, maxLength: 12 }) }), {
  minLength: 1,
  maxLength: 8,
});

function batchesOf(given: readonly { hole: number; records: EventRecord[] }[]) {
  let offset = 0;
  return given.map(({ hole, records }, at): { batch: EventBatch; records: EventRecord[]; first: number } => {
    const first = offset + hole;
    offset = first + records.length;
    return {
      batch: decodeEventBatch(lane, densePositions(first, records.length), encodeEventBatch(records, at)),
      records,
      first,
    };
  });
}

describe('batches that are merged', () => {
  it('have the events, the positions and the runs that they had one by one', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const single = batchesOf(given);
        const merged = mergeEventBatches(single.map(({ batch }) => batch));
        const records = single.flatMap((each) => each.records);
        const offsets = single.flatMap(({ first, records: { length } }) =>
          Array.from({ length }, (_, at) => first + at),
        );
        expect(merged.count).toBe(records.length);
        expect(merged.appendedMicros).toBe(0);
        expect(merged.lastPosition).toBe(single[single.length - 1].batch.lastPosition);
        records.forEach((each, index) => {
          const { value, ...rest } = merged.recordAt(index);
          expect({ ...rest, value: Buffer.from(value).toString() }).toEqual({
            ...each,
            value: Buffer.from(each.value).toString(),
          });
          expect(merged.positions.at(index)).toBe(positionOfOffset(offsets[index]));
        });
        const text = records.map((each) => `${Buffer.from(each.value).toString()},`).join('');
        expect(merged.runOf(0, merged.count).toString()).toBe(text);
        for (const at of [
          BEFORE_FIRST,
          ...Array.from({ length: offsets[offsets.length - 1] + 2 }, (_, o) => positionOfOffset(o)),
        ]) {
          expect(merged.positions.indexAfter(at)).toBe(offsets.filter((o) => positionOfOffset(o) <= at).length);
        }
      }),
    );
  });
});
