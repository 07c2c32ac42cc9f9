import { type LaneName, laneName } from '../../lane.js';
import type { LaneGroupOptions, LanePlace } from '../../ports/lane-groups.port.js';

/** One member as it introduces itself when the lanes are given out. */
export interface LaneClaimant extends LaneGroupOptions {
  readonly memberId: string;
  /** When it came, by its own clock; who came first decides what others have to agree on. */
  readonly sinceMicros: number;
  readonly owned: readonly LanePlace[];
  /** Of the membership in which `owned` was given; where two claim a lane, the later one is right. */
  readonly generation: number;
}

/** `waits`: some of its lanes are still with others; they come when those have given them up. */
export type LaneGrant =
  { readonly lanes: readonly LanePlace[]; readonly waits: boolean } | { readonly refused: 'taken' | 'differs' };

/**
 * Who has which lane. Who has a lane keeps it as far as the spread allows; a lane that is to move is given to nobody as
 * long as the member that has it claims it, so no lane is ever with two, and all others go on while one moves.
 */
export function assignLanes(
  claimants: readonly LaneClaimant[],
  partitions: ReadonlyMap<string, number>,
): Map<string, LaneGrant> {
  const grants = new Map<string, LaneGrant>();
  const owners = ownersOf(claimants);
  const bySeniority = [...claimants].sort((a, b) => seniority(a, b, owners));
  const [first] = bySeniority;
  const admitted: LaneClaimant[] = [];
  for (const claimant of bySeniority) {
    const refused = claimant === first ? undefined : refusal(first, claimant);
    if (refused === undefined) admitted.push(claimant);
    else grants.set(claimant.memberId, { refused });
  }
  const targets = first?.sharing === 'spread' ? spread(admitted, partitions, owners) : allToFirst(admitted, partitions);
  for (const [claimant, target] of targets) {
    const lanes = target.filter((lane) => (owners.get(laneName(lane)) ?? claimant) === claimant);
    grants.set(claimant.memberId, { lanes, waits: lanes.length < target.length });
  }
  return grants;
}

type Owners = ReadonlyMap<LaneName, LaneClaimant>;

function ownersOf(claimants: readonly LaneClaimant[]): Owners {
  const owners = new Map<LaneName, LaneClaimant>();
  for (const claimant of claimants) {
    for (const lane of claimant.owned) {
      const other = owners.get(laneName(lane));
      if (other === undefined || other.generation < claimant.generation) owners.set(laneName(lane), claimant);
    }
  }
  return owners;
}

/** Who has lanes comes before who has none; then who came earlier. */
function seniority(a: LaneClaimant, b: LaneClaimant, owners: Owners): number {
  const owns = (claimant: LaneClaimant) => claimant.owned.some((lane) => owners.get(laneName(lane)) === claimant);
  const byLanes = Number(owns(b)) - Number(owns(a));
  return byLanes || a.sinceMicros - b.sinceMicros || (a.memberId < b.memberId ? -1 : 1);
}

function refusal(first: LaneClaimant, later: LaneClaimant): 'taken' | 'differs' | undefined {
  if (first.sharing === 'sole' || later.sharing === 'sole') return 'taken';
  return first.sharing === later.sharing && first.terms === later.terms ? undefined : 'differs';
}

const lanesOf = (topics: readonly string[], partitions: ReadonlyMap<string, number>): LanePlace[] =>
  [...new Set(topics)]
    .sort()
    .flatMap((topic) => Array.from({ length: partitions.get(topic) ?? 0 }, (_, partition) => ({ topic, partition })));

function allToFirst(
  admitted: readonly LaneClaimant[],
  partitions: ReadonlyMap<string, number>,
): Map<LaneClaimant, LanePlace[]> {
  return new Map(admitted.map((one, place) => [one, place === 0 ? lanesOf(one.topics, partitions) : []]));
}

function spread(
  admitted: readonly LaneClaimant[],
  partitions: ReadonlyMap<string, number>,
  owners: Owners,
): Map<LaneClaimant, LanePlace[]> {
  const targets = new Map<LaneClaimant, LanePlace[]>(admitted.map((one) => [one, []]));
  const have = (one: LaneClaimant) => targets.get(one) as LanePlace[];
  const wants = new Map(admitted.map((one) => [one, new Set(one.topics)]));
  const lanes = lanesOf(
    admitted.flatMap(({ topics }) => topics),
    partitions,
  );
  const free: LanePlace[] = [];
  for (const lane of lanes) {
    const owner = owners.get(laneName(lane));
    if (owner !== undefined && wants.get(owner)?.has(lane.topic)) have(owner).push(lane);
    else free.push(lane);
  }
  const poorest = (topic: string): LaneClaimant | undefined =>
    admitted.filter((one) => wants.get(one)?.has(topic)).sort((a, b) => have(a).length - have(b).length)[0];
  for (const lane of free) {
    const taker = poorest(lane.topic);
    if (taker !== undefined) have(taker).push(lane);
  }
  // From the richest to the poorest who wants it, as long as that makes them more alike.
  for (let moved = true; moved;) {
    moved = false;
    for (const giver of [...admitted].sort((a, b) => have(b).length - have(a).length)) {
      const lane = have(giver).findLast(({ topic }) => {
        const taker = poorest(topic);
        return taker !== undefined && have(taker).length + 1 < have(giver).length;
      });
      if (lane === undefined) continue;
      have(giver).splice(have(giver).indexOf(lane), 1);
      have(poorest(lane.topic) as LaneClaimant).push(lane);
      moved = true;
      break;
    }
  }
  return targets;
}
