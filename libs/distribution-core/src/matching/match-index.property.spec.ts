import fc from 'fast-check';
import { decodeEventBatch, densePositions, encodeEventBatch, type EventBatch } from '../event-batch.js';
import type { Selection } from '../subscription/subscription.js';
import { arbitraryEvent, arbitrarySelection, arbitraryTopic } from '../testing/arbitrary-selection.js';
import { anEvent } from '../testing/builders.js';
import { compileSelection, MatchIndex } from './match-index.js';
import { matchesEvent } from './matcher.js';

type Step =
  | { readonly kind: 'add'; readonly id: number; readonly selection: Selection }
  | { readonly kind: 'remove'; readonly id: number }
  | {
      readonly kind: 'match';
      readonly topic: string;
      readonly batch: EventBatch;
      readonly skip: Uint8Array | undefined;
    };

const id = fc.integer({ min: 0, max: 12 });
const batch = fc
  .array(arbitraryEvent, { minLength: 1, maxLength: 40 })
  .map((events) =>
    decodeEventBatch(
      { topic: 'x', partition: 0, epoch: 'e' },
      densePositions(0, events.length),
      encodeEventBatch(events, 0),
    ),
  );
const skip = fc.option(
  fc.array(fc.constantFrom(0, 0, 1), { minLength: 40, maxLength: 40 }).map((flags) => Uint8Array.from(flags)),
  { nil: undefined },
);
const add = fc.record({ kind: fc.constant('add' as const), id, selection: arbitrarySelection });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: add },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), id }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('match' as const), topic: arbitraryTopic, batch, skip }) },
  ),
  { maxLength: 30 },
);

function indexesByOracle(selection: Selection, step: Extract<Step, { kind: 'match' }>, from = 0): number[] {
  const all = Array.from({ length: step.batch.count }, (_, index) => index);
  return all.filter(
    (index) => index >= from && step.skip?.[index] !== 1 && matchesEvent(selection, step.topic, step.batch, index),
  );
}

function indexesOf(index: MatchIndex, step: Extract<Step, { kind: 'match' }>): Map<number, number[]> {
  const found = new Map<number, number[]>();
  index.match(step.topic, step.batch, step.skip, (entry, indexes, count) => {
    expect(found.has(entry)).toBe(false);
    const live = [...Array(step.batch.count).keys()].filter((event) => step.skip?.[event] !== 1);
    found.set(entry, indexes === undefined ? live : [...indexes.subarray(0, count)]);
    expect(found.get(entry)).toHaveLength(count);
  });
  return found;
}

describe('the match index', () => {
  it('finds what the oracle finds, whatever came and went before', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(3, 1000), (run, maxPlannedEntries) => {
        const index = new MatchIndex(maxPlannedEntries);
        const model = new Map<number, Selection>();
        for (const step of run) {
          if (step.kind === 'add') {
            index.add(step.id, step.selection);
            model.set(step.id, step.selection);
          } else if (step.kind === 'remove') {
            index.remove(step.id);
            model.delete(step.id);
          } else {
            const expected = [...model]
              .map(([entry, selection]) => [entry, indexesByOracle(selection, step)] as const)
              .filter(([, indexes]) => indexes.length > 0);
            expect([...indexesOf(index, step)].sort(([a], [b]) => a - b)).toEqual(expected.sort(([a], [b]) => a - b));
          }
        }
        expect(index.size).toBe(model.size);
      }),
      { numRuns: 400 },
    );
  });

  it('files many entries as it files a few', () => {
    const many = fc.array(arbitrarySelection, { minLength: 60, maxLength: 120 });
    const topic = fc.constantFrom('a/b', 'b');
    fc.assert(
      fc.property(many, topic, batch, skip, (selections, name, events, flags) => {
        const index = new MatchIndex();
        selections.forEach((selection, entry) => index.add(entry, selection));
        const step = { kind: 'match', topic: name, batch: events, skip: flags } as const;
        const found = indexesOf(index, step);
        selections.forEach((selection, entry) => {
          expect(found.get(entry) ?? []).toEqual(indexesByOracle(selection, step));
        });
      }),
      { numRuns: 40 },
    );
  });
});

describe('entries that ask for several values', () => {
  const attribute = fc.constantFrom('x', 'y', 'z');
  const value = fc.constantFrom('1', '2', 1, 2, true);
  const equalities = fc
    .array(fc.record({ op: fc.constant('eq' as const), attribute, value }), { minLength: 1, maxLength: 4 })
    .map((filters): Selection => ({ topicPatterns: ['#'], keyPatterns: [], filter: { op: 'and', filters } }));
  const some = fc.array(
    fc.dictionary(attribute, value).map((attributes) => anEvent({ attributes })),
    { minLength: 1, maxLength: 30 },
  );

  it('are found by the events that have them all, while others come and go', () => {
    fc.assert(
      fc.property(fc.array(equalities, { minLength: 1, maxLength: 60 }), some, skip, (selections, records, flags) => {
        const events = decodeEventBatch(
          { topic: 'x', partition: 0, epoch: 'e' },
          densePositions(0, records.length),
          encodeEventBatch(records, 0),
        );
        const index = new MatchIndex();
        const step = { kind: 'match', topic: 'a', batch: events, skip: flags } as const;
        selections.forEach((selection, entry) => index.add(entry, selection));
        const expected = (kept: (entry: number) => boolean) =>
          selections.flatMap((selection, entry) => {
            const found = kept(entry) ? indexesByOracle(selection, step) : [];
            return found.length === 0 ? [] : [[entry, found] as const];
          });
        const found = () => [...indexesOf(index, step)].sort(([a], [b]) => a - b);
        expect(found()).toEqual(expected(() => true));
        for (let entry = 0; entry < selections.length; entry += 2) index.remove(entry);
        expect(found()).toEqual(expected((entry) => entry % 2 === 1));
      }),
      { numRuns: 200 },
    );
  });
});

describe('the matcher of one selection', () => {
  it('finds what the oracle finds from an index on', () => {
    const from = fc.integer({ min: 0, max: 45 });
    fc.assert(
      fc.property(
        arbitrarySelection,
        arbitraryTopic,
        batch,
        skip,
        from,
        (selection, topic, events, flags, fromIndex) => {
          const step = { kind: 'match', topic, batch: events, skip: flags } as const;
          const matcher = compileSelection(selection);
          const out = new Uint32Array(events.count);
          const count = matcher.match(topic, events, flags, fromIndex, out);
          expect([...out.subarray(0, count)]).toEqual(indexesByOracle(selection, step, fromIndex));
          const single = [...Array(events.count).keys()].filter(
            (index) => matcher.matchesTopic(topic) && matcher.matchesRecord(topic, events.recordAt(index)),
          );
          expect(single).toEqual(indexesByOracle(selection, { ...step, skip: undefined }));
        },
      ),
      { numRuns: 300 },
    );
  });
});
