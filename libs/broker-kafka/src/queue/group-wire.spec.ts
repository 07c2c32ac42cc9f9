import fc from 'fast-check';
import { decodeGrant, decodeIntroduction, encodeGrant, encodeIntroduction } from './group-wire.js';

const place = fc.record({ topic: fc.string({ maxLength: 20 }), partition: fc.nat({ max: 1000 }) });
// In the order in which they are written: by topic.
const places = fc
  .uniqueArray(place, { maxLength: 12, selector: ({ topic, partition }) => `${topic}#${partition}` })
  .map((all) =>
    [...new Set(all.map(({ topic }) => topic))].flatMap((topic) => all.filter((one) => one.topic === topic)),
  );

describe('what members of a group tell each other', () => {
  it('comes through as it was', () => {
    const introduction = fc.record({
      topics: fc.array(fc.string({ maxLength: 20 }), { maxLength: 5 }),
      sharing: fc.constantFrom('spread' as const, 'one' as const, 'sole' as const),
      terms: fc.string(),
      sinceMicros: fc.nat(),
      generation: fc.nat(),
      owned: places,
    });
    fc.assert(
      fc.property(introduction, (said) => {
        expect(decodeIntroduction('m', encodeIntroduction(said))).toEqual({ memberId: 'm', ...said });
      }),
    );
    fc.assert(
      fc.property(places, fc.boolean(), (lanes, waits) => {
        expect(decodeGrant(encodeGrant({ lanes, waits }))).toEqual({ lanes, waits });
      }),
    );
    expect(decodeGrant(encodeGrant({ refused: 'taken' }))).toEqual({ refused: 'taken' });
  });

  it('is nothing when it cannot be understood', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        expect(decodeIntroduction('m', Buffer.from(noise))).toBeUndefined();
        expect(decodeGrant(Buffer.from(noise))).toEqual({ lanes: [], waits: false });
      }),
    );
    expect(decodeGrant(Buffer.alloc(0))).toEqual({ lanes: [], waits: false });
  });
});
