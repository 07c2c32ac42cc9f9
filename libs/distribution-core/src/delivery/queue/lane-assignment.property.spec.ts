import fc from 'fast-check';
import { laneName } from '../../lane.js';
import { assignLanes, type LaneClaimant, type LaneGrant } from './lane-assignment.js';

const PARTITIONS = new Map([
  ['orders', 5],
  ['trades', 3],
  ['quotes', 1],
]);

const claimant = (memberId: string, more: Partial<LaneClaimant> = {}): LaneClaimant => ({
  memberId,
  sinceMicros: Number(memberId.slice(1)),
  topics: ['orders', 'trades', 'quotes'],
  sharing: 'spread',
  terms: 't',
  owned: [],
  generation: 1,
  ...more,
});

const lanesIn = (grant: LaneGrant | undefined) => (grant !== undefined && 'lanes' in grant ? [...grant.lanes] : []);

/** As the members would do it: whoever has a lane that it is not granted gives it up, then all ask again. */
function settle(claimants: readonly LaneClaimant[]): { grants: Map<string, LaneGrant>; rounds: number } {
  let present = [...claimants];
  for (let rounds = 1; ; rounds++) {
    const grants = assignLanes(present, PARTITIONS);
    const next = present
      .filter(({ memberId }) => !('refused' in (grants.get(memberId) as LaneGrant)))
      .map((one) => ({ ...one, owned: lanesIn(grants.get(one.memberId)), generation: one.generation + 1 }));
    const isSettled = present.every(
      (one, index) =>
        next[index] !== undefined &&
        [...one.owned].map(laneName).sort().join() === next[index].owned.map(laneName).sort().join(),
    );
    if (isSettled || rounds > 10) return { grants, rounds };
    present = next;
  }
}

const group = fc
  .array(fc.record({ topics: fc.subarray([...PARTITIONS.keys()], { minLength: 1 }), seed: fc.nat() }), {
    minLength: 1,
    maxLength: 6,
  })
  .chain((members) =>
    fc.record({
      members: fc.constant(members),
      // By lane: who has it now, if anybody.
      owners: fc.array(fc.nat({ max: members.length }), { minLength: 9, maxLength: 9 }),
    }),
  )
  .map(({ members, owners }) => {
    const lanes = [...PARTITIONS].flatMap(([topic, count]) =>
      Array.from({ length: count }, (_, partition) => ({ topic, partition })),
    );
    return members.map(({ topics }, index) =>
      claimant(`m${index}`, { topics, owned: lanes.filter((_, lane) => owners[lane] === index) }),
    );
  });

describe('giving out the lanes of a group', () => {
  it('never gives a lane to one while another has it, and in the end every lane to one who wants it', () => {
    fc.assert(
      fc.property(group, (claimants) => {
        const first = assignLanes(claimants, PARTITIONS);
        for (const { memberId } of claimants) {
          for (const lane of lanesIn(first.get(memberId))) {
            const owner = claimants.find(({ owned }) => owned.some((one) => laneName(one) === laneName(lane)));
            expect(owner === undefined || owner.memberId === memberId).toBe(true);
          }
        }
        const { grants, rounds } = settle(claimants);
        const given = [...grants.values()].flatMap(lanesIn).map(laneName);
        expect(new Set(given).size).toBe(given.length);
        const wanted = new Set(claimants.flatMap(({ topics }) => topics));
        const due = [...PARTITIONS].filter(([topic]) => wanted.has(topic)).reduce((sum, [, count]) => sum + count, 0);
        expect(given).toHaveLength(due);
        expect(rounds).toBeLessThanOrEqual(4);
      }),
    );
  });

  it('spreads them evenly among those who want the same, and moves no more than that takes', () => {
    fc.assert(
      fc.property(group, (members) => {
        const claimants = members.map((one) => ({ ...one, topics: [...PARTITIONS.keys()] }));
        const { grants } = settle(claimants);
        const counts = claimants.map(({ memberId }) => lanesIn(grants.get(memberId)).length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        // Who had at most the smaller share keeps all of it.
        const least = Math.floor(9 / claimants.length);
        for (const { memberId, owned } of claimants) {
          if (owned.length > least) continue;
          const has = lanesIn(grants.get(memberId)).map(laneName);
          expect(owned.every((lane) => has.includes(laneName(lane)))).toBe(true);
        }
      }),
    );
  });

  it('believes the later of two who claim the same lane', () => {
    const owned = [{ topic: 'quotes', partition: 0 }];
    const zombie = claimant('m1', { topics: ['quotes'], owned, generation: 3 });
    const owner = claimant('m2', { topics: ['quotes'], owned, generation: 4 });
    const grants = assignLanes([zombie, owner], PARTITIONS);
    expect(lanesIn(grants.get('m2'))).toEqual(owned);
    expect(lanesIn(grants.get('m1'))).toEqual([]);
  });

  it('gives all to who has them, else to who came first, if only one may have them', () => {
    const all = (more: Partial<LaneClaimant>) => ({ sharing: 'one' as const, ...more });
    const [early, late] = [claimant('m1', all({})), claimant('m2', all({}))];
    expect(lanesIn(assignLanes([late, early], PARTITIONS).get('m1'))).toHaveLength(9);
    const owner = claimant('m2', all({ owned: [{ topic: 'quotes', partition: 0 }] }));
    const grants = assignLanes([early, owner], PARTITIONS);
    expect(lanesIn(grants.get('m2'))).toHaveLength(9);
    expect(grants.get('m1')).toEqual({ lanes: [], waits: false });
  });

  it('refuses a second one where there is to be one, and whoever wants other terms', () => {
    const sole = [claimant('m1', { sharing: 'sole' }), claimant('m2', { sharing: 'sole' })];
    expect(assignLanes(sole, PARTITIONS).get('m2')).toEqual({ refused: 'taken' });
    const different = [claimant('m1'), claimant('m2', { terms: 'other' }), claimant('m3', { sharing: 'sole' })];
    const grants = assignLanes(different, PARTITIONS);
    expect(lanesIn(grants.get('m1'))).toHaveLength(9);
    expect(grants.get('m2')).toEqual({ refused: 'differs' });
    expect(grants.get('m3')).toEqual({ refused: 'taken' });
  });
});
