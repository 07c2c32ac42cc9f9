import { positionOfOffset } from '@distributary/distribution-core';
import { fileOf } from './row-buffer.js';
import { mergedFile, nextMerge, type SizedFile } from './merge-plan.js';
import { chainsOf } from './file-chain.js';
import { aLane, aRow } from './testing/archive-world.js';

const LIMITS = { targetBytes: 100 * 2 ** 20, fanIn: 3 };
const MIB = 2 ** 20;
const KIB = 2 ** 10;
const TODAY = 100;

const aFile = (offset: number, bytes: number, day = TODAY, followsGap = false): SizedFile => ({
  file: fileOf({ lane: aLane(), day, followsGap, rows: [aRow(2 * offset), aRow(2 * offset + 1)], bytes: 0 }),
  bytes,
});
const sizes = (files: readonly SizedFile[] | undefined) => files?.map(({ bytes }) => bytes);

describe('what is merged', () => {
  it('is nothing while there are few files of the present day', () => {
    expect(nextMerge([], TODAY, LIMITS)).toBeUndefined();
    expect(nextMerge([aFile(0, KIB), aFile(1, KIB)], TODAY, LIMITS)).toBeUndefined();
  });

  it('is neighbours of one size, not the large one before them', () => {
    const files = [aFile(0, 20 * MIB), aFile(1, KIB), aFile(2, 2 * KIB), aFile(3, KIB)];
    expect(sizes(nextMerge(files, TODAY, LIMITS))).toEqual([KIB, 2 * KIB, KIB]);
  });

  it('is all that is small of a day that is over, up to the target', () => {
    const files = [aFile(0, 60 * MIB, 99), aFile(1, KIB, 99), aFile(2, 60 * MIB, 99), aFile(3, MIB, 99)];
    expect(sizes(nextMerge(files, TODAY, LIMITS))).toEqual([60 * MIB, KIB, 60 * MIB]);
    expect(nextMerge([aFile(0, 100 * MIB, 99), aFile(1, KIB, 99)], TODAY, LIMITS)).toBeUndefined();
  });

  it('never spans days or a gap', () => {
    const days = [aFile(0, KIB, 98), aFile(1, KIB, 99), aFile(2, KIB, 100)];
    expect(nextMerge(days, TODAY, LIMITS)).toBeUndefined();
    const gap = [aFile(0, KIB, 99), aFile(1, KIB, 99, true), aFile(2, KIB, 99)];
    expect(nextMerge(gap, TODAY, LIMITS)).toEqual(gap.slice(1));
    expect(mergedFile(gap.slice(1)).followsGap).toBe(true);
  });

  it('covers its sources, wherever the listing names them', () => {
    const sources = [aFile(0, KIB), aFile(1, KIB), aFile(2, KIB)];
    const merged = mergedFile(sources);
    expect(merged).toMatchObject({ rows: 6, first: positionOfOffset(0), last: positionOfOffset(5) });
    const listed = [sources[2].file, merged, sources[0].file, sources[1].file];
    const { chains, covered } = chainsOf(listed);
    expect([...chains.values()].map(({ files }) => files)).toEqual([[merged]]);
    expect(covered).toHaveLength(3);
  });

  it('is refused to be read if two writers wrote ranges that overlap', () => {
    const one = mergedFile([aFile(0, KIB), aFile(1, KIB)]);
    const other = mergedFile([aFile(1, KIB), aFile(2, KIB)]);
    expect(() => chainsOf([one, other])).toThrow(expect.objectContaining({ code: 'internal' }));
  });
});
