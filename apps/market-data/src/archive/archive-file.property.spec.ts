import path from 'node:path';
import fc from 'fast-check';
import { type ArchiveFile, fileAt, pathOf } from './archive-file.js';

const text = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'abcXYZ019_./-# é'), minLength: 1, maxLength });
const micros = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const files: fc.Arbitrary<ArchiveFile> = fc.record({
  lane: fc.record({ topic: fc.oneof(text(20), text(250)), partition: fc.nat(9999), epoch: text(10) }),
  day: fc.nat(40_000),
  first: text(12),
  last: text(12),
  rows: fc.nat(),
  minTimeMicros: micros,
  maxTimeMicros: micros,
  followsGap: fc.boolean(),
});

const parse = (relative: string) => {
  const [name, day, ...folders] = relative.split(path.sep).reverse();
  return fileAt(folders.reverse().join(path.sep), day, name);
};

describe("an archive file's name", () => {
  it('says everything about it, and stays in its folder', () => {
    fc.assert(
      fc.property(files, (file) => {
        const relative = pathOf(file);
        expect(parse(relative)).toEqual(file);
        expect(relative.split(path.sep).every(({ length }) => length > 0 && length <= 255)).toBe(true);
        expect(relative).not.toMatch(/[A-Z' ]/);
      }),
    );
  });

  it('is refused if it would be longer than disks allow', () => {
    const [file] = fc.sample(files, 1);
    expect(() => pathOf({ ...file, lane: { ...file.lane, epoch: 'É'.repeat(40) } })).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });

  it.each([
    'topic/2026-03-10/notes.txt',
    'topic/2026-02-30/0.e.a.b.1.1.1.c.parquet',
    'topic/2026-03-10/0.e.a.b.1.1.1.c.parquet.part',
    'topic/2026-03-10/0.E.a.b.1.1.1.c.parquet',
    'topic/2026-03-10/x.e.a.b.1.1.1.c.parquet',
    'topic/2026-03-10/0.e.a.b.1.1.c.parquet',
    'To pic/2026-03-10/0.e.a.b.1.1.1.c.parquet',
  ])('%s is none', (relative) => {
    expect(parse(relative)).toBeUndefined();
  });
});
