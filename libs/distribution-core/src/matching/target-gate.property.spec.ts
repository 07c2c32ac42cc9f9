import fc from 'fast-check';
import type { EventRecord } from '../event.js';
import { decodeEventBatch, densePositions, encodeEventBatch } from '../event-batch.js';
import { arbitraryEvent, arbitrarySelection } from '../testing/arbitrary-selection.js';
import { compileSelection, MatchIndex } from './match-index.js';
import { matchesRecord } from './matcher.js';
import { isFor, TARGETS_ATTRIBUTE, targetsOf, targetsText } from './target-gate.js';

const names = fc.array(fc.constantFrom('pager', 'console', 'audit'), { maxLength: 3 });
const subscriber = fc.constantFrom(undefined, 'pager', 'console', 'nobody');
const targetedEvent: fc.Arbitrary<EventRecord> = fc.tuple(arbitraryEvent, names).map(([event, targets]) => {
  const text = targetsText(targets);
  return text === undefined ? event : { ...event, attributes: { ...event.attributes, [TARGETS_ATTRIBUTE]: text } };
});
const selection = fc.tuple(arbitrarySelection, subscriber).map(([one, service]) => {
  return service === undefined ? one : { ...one, subscriber: service };
});

const batchOf = (records: readonly EventRecord[]) =>
  decodeEventBatch(
    { topic: 'a', partition: 0, epoch: 'e' },
    densePositions(0, records.length),
    encodeEventBatch(records, 0),
  );

describe('events for some services alone', () => {
  it('reach the subscriptions of those services that select them, by the index as by each matcher', () => {
    fc.assert(
      fc.property(
        fc.array(targetedEvent, { minLength: 1, maxLength: 8 }),
        fc.array(selection, { minLength: 1, maxLength: 6 }),
        fc.constantFrom('a', 'a/b'),
        (records, selections, topic) => {
          const batch = batchOf(records);
          const index = new MatchIndex();
          selections.forEach((one, id) => index.add(id, one));
          const found = new Map<number, number[]>();
          index.match(topic, batch, undefined, (id, indexes, count) => {
            found.set(id, indexes === undefined ? records.map((_, at) => at) : [...indexes.subarray(0, count)]);
          });
          selections.forEach((one, id) => {
            const expected = records.flatMap((record, at) => (matchesRecord(one, topic, record) ? [at] : []));
            expect(found.get(id) ?? []).toEqual(expected);
            const matcher = compileSelection(one);
            const out = new Uint32Array(records.length);
            expect([...out.subarray(0, matcher.match(topic, batch, undefined, 0, out))]).toEqual(expected);
            if (!matcher.matchesTopic(topic)) return;
            expect(records.flatMap((record, at) => (matcher.matchesRecord(topic, record) ? [at] : []))).toEqual(
              expected,
            );
          });
        },
      ),
    );
  });

  it('are for those that are named, and events that name nobody for everyone', () => {
    const text = targetsText(['pager', 'console']) as string;
    expect(targetsOf(text)).toEqual(['pager', 'console']);
    expect([isFor(text, 'pager'), isFor(text, 'audit'), isFor(text, 'page'), isFor(text, undefined)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect([isFor(undefined, 'pager'), isFor(undefined, undefined)]).toEqual([true, true]);
  });
});
