import fc from 'fast-check';
import type { EventBatch } from '../event-batch.js';
import type { LaneState } from './lane-state.js';
import { ALL_EVENTS, PendingMatches } from './pending-matches.js';

/** They are kept and given back, and never looked into. */
const state = {} as LaneState;
const batchOf = () => ({}) as EventBatch;

type Taken = readonly [batch: EventBatch, from: number, to: number];

function takenBy(matches: PendingMatches, slot: number): Taken[] {
  const taken: Taken[] = [];
  matches.take(slot, { collect: (_state, batch, _skip, from, to) => taken.push([batch, from, to]) });
  return taken;
}

/** Neighbours together. */
function runsOf(batch: EventBatch, indexes: readonly number[]): Taken[] {
  const runs: [EventBatch, number, number][] = [];
  for (const index of indexes) {
    const last = runs.at(-1);
    if (last?.[2] === index) last[2]++;
    else runs.push([batch, index, index + 1]);
  }
  return runs;
}

const match = fc.record({
  slot: fc.nat(100),
  indexes: fc.option(
    fc.uniqueArray(fc.nat(20), { minLength: 1, maxLength: 8 }).map((list) => list.sort((a, b) => a - b)),
    { nil: undefined },
  ),
});
const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ matches: fc.uniqueArray(match, { selector: ({ slot }) => slot }) }) },
  { weight: 3, arbitrary: fc.record({ take: fc.nat(110) }) },
);

describe('matches that nobody has taken yet', () => {
  it('are given to each feed as it had them, in their order and once, whatever the others take', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const matches = new PendingMatches();
        const expected = new Map<number, Taken[]>();
        const taken = (slot: number) => {
          expect(takenBy(matches, slot)).toEqual(expected.get(slot) ?? []);
          expected.delete(slot);
          expect(matches.size).toBe([...expected.values()].flat().length);
        };
        for (const one of steps) {
          if ('take' in one) {
            taken(one.take);
            continue;
          }
          const batch = batchOf();
          matches.begin(state, batch, undefined);
          for (const { slot, indexes } of one.matches) {
            matches.note(slot, indexes && Uint32Array.from([...indexes, 99]), indexes?.length ?? 0);
            const runs: Taken[] = indexes === undefined ? [[batch, ALL_EVENTS, ALL_EVENTS]] : runsOf(batch, indexes);
            expected.set(slot, [...(expected.get(slot) ?? []), ...runs]);
          }
          matches.end();
        }
        for (const slot of [...expected.keys()]) taken(slot);
        expect(matches.size).toBe(0);
      }),
    );
  });

  it('keep a batch only as long as somebody has to take some of it', () => {
    const matches = new PendingMatches();
    const nothing = { collect: () => undefined };
    for (const slots of [[], [1, 2], [1, 3]]) {
      matches.begin(state, batchOf(), undefined);
      for (const slot of slots) matches.note(slot, undefined, 1);
      matches.end();
    }
    expect(matches.batchCount).toBe(2);
    for (const slot of [1, 2]) matches.take(slot, nothing);
    expect(matches.batchCount).toBe(1);
    matches.take(3, nothing);
    expect([matches.size, matches.batchCount]).toEqual([0, 0]);
  });
});
