import { checksOf, disorder, holes, type Observed, type SlowStory } from './policy-checks.js';
import { holds } from './check.js';

/** Ten events, one key, one each 100 ms from 1 s on; the reader reads again at 1.45 s. */
const SEQUENCES = Array.from({ length: 10 }, (_, sequence) => sequence);
const safeAt = (sequence: number) => 1_000_000 + sequence * 100_000;
const story: SlowStory = {
  accepted: SEQUENCES.length,
  answeredMicros: Float64Array.from(SEQUENCES, safeAt),
  keys: 1,
  stoppedAtMs: 5_000,
  readAgainMicros: 1_450_000,
  limitAfterMs: 400,
  dropOldestKeeps: 2,
};
const at = (sequences: readonly number[], atMicros: number) => sequences.map((sequence) => ({ sequence, atMicros }));

function observed(changes: Partial<Observed>): Observed {
  return {
    policy: 'block',
    events: at(SEQUENCES, 2_000_000),
    gaps: [],
    merged: 0,
    sentInMerged: 0,
    isMergedExact: true,
    mergedFrames: 0,
    brokenChains: 0,
    bye: undefined,
    ...changes,
  };
}

const broken = (changes: Partial<Observed>) =>
  checksOf(observed(changes), story)
    .filter((check) => !holds(check))
    .map(({ what }) => what.split(': ')[1]);
const gap = (count: number | undefined, atMicros = 1_500_000, isExact = true) => ({
  reason: 'policy',
  count,
  isExact,
  atMicros,
});

describe('what each policy says', () => {
  it('block: everything, and what was safe before within 1 s of reading again', () => {
    expect(broken({})).toEqual([]);
    expect(broken({ events: at(SEQUENCES, 2_500_000) })).toEqual([
      'of what was safe when it read again, not there 1 s later',
    ]);
    expect(broken({ events: at(SEQUENCES.slice(1), 2_000_000), gaps: [gap(1)] })).toEqual([
      'events missing in the end',
      'gaps',
      'of what was safe when it read again, not there 1 s later',
    ]);
  });

  it('any: no disorder, nothing twice, no broken chain', () => {
    const events = [...at(SEQUENCES, 2_000_000), ...at([3], 2_000_000)];
    expect(broken({ events, brokenChains: 1 })).toEqual([
      'frames whose prev is not the pos before',
      'events out of order in their key',
      'events twice',
    ]);
    expect(disorder(at([0, 3, 1, 2], 0), 2)).toBe(1);
    expect(holes(at([0, 1, 2, 5], 0), 2)).toBe(1);
  });

  it('skip-to-live: one exact gap, then live', () => {
    const rest = at([6, 7, 8, 9], 2_000_000);
    expect(broken({ policy: 'skip-to-live', events: rest, gaps: [gap(6)] })).toEqual([]);
    expect(broken({ policy: 'skip-to-live', events: rest, gaps: [gap(5)] })).toEqual([
      'events neither received nor counted by a gap',
    ]);
    expect(broken({ policy: 'skip-to-live', events: rest, gaps: [gap(6, 1_500_000, false)] })).toEqual([
      'events neither received nor counted by a gap',
    ]);
    expect(broken({ policy: 'skip-to-live', events: at([6, 7, 8, 9], 9_000_000), gaps: [gap(6, 9_000_000)] })).toEqual([
      'live events, safe after it read again, within 1 s',
      'gaps later than 1 s',
    ]);
  });

  it('drop-oldest: a gap, the newest, then live', () => {
    expect(broken({ policy: 'drop-oldest', events: at([6, 7, 8, 9], 2_000_000), gaps: [gap(6)] })).toEqual([]);
    expect(broken({ policy: 'drop-oldest', events: at([9], 2_000_000), gaps: [gap(9)] })).toEqual([
      'newest events that it still got within 1 s',
    ]);
    expect(broken({ policy: 'drop-oldest' })).toContain('gaps');
  });

  it('conflate: the latest of each key, and every other one counted', () => {
    const merged = { policy: 'conflate', mergedFrames: 1, merged: 6, sentInMerged: 1 } as const;
    expect(broken({ ...merged, events: at([5, 6, 7, 8, 9], 2_000_000) })).toEqual([]);
    expect(broken({ ...merged, merged: 5, events: at([5, 6, 7, 8, 9], 2_000_000) })).toEqual([
      'events neither received nor counted as merged',
    ]);
    expect(broken({ ...merged, isMergedExact: false, events: at([5, 6, 7, 8, 9], 9_000_000) })).toEqual([
      'events neither received nor counted as merged',
      'keys whose latest value of then is not there 1 s later',
    ]);
    expect(broken({ policy: 'conflate' })).toEqual(['conflated frames']);
  });

  it('disconnect: 4008 within 1 s of the limit, and no hole before', () => {
    const bye = { code: 4008, serverMs: 5_900, atMicros: 2_000_000 };
    expect(broken({ policy: 'disconnect', events: at([0, 1, 2], 1_300_000), bye })).toEqual([]);
    expect(broken({ policy: 'disconnect', bye: { ...bye, serverMs: 6_401 } })).toEqual([
      'ms from the limit to being told (1000 allowed)',
    ]);
    expect(broken({ policy: 'disconnect', events: at([0, 2], 1_300_000) })).toEqual([
      'was told to go with 4008',
      'ms from the limit to being told (1000 allowed)',
      'holes in what it got before',
    ]);
  });
});
