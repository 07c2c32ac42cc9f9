import type { Lane, LanePosition } from '@distributary/distribution-core';
import type { ArchiveDisk } from './archive-disk.js';
import type { ArchiveFile } from './archive-file.js';
import { laneKey } from './archive-row.js';
import { chainsOf } from './file-chain.js';
import type { SizedFile } from './merge-plan.js';
import type { LanePlace } from './row-buffer.js';

/** A file that nobody needs any more, since when. */
interface Retired {
  readonly file: ArchiveFile;
  readonly sinceMs: number;
}

/** What the writer knows of its files, read from their names once; the names stay the truth. */
export class ArchiveCatalog {
  private readonly lanes = new Map<string, { readonly lane: Lane; files: SizedFile[] }>();
  private retired: Retired[] = [];

  static async read(disk: ArchiveDisk, nowMs: number): Promise<ArchiveCatalog> {
    const { chains, covered } = chainsOf(await disk.list());
    const catalog = new ArchiveCatalog();
    for (const { files } of chains.values()) {
      for (const file of files) catalog.add({ file, bytes: await disk.bytesOf(file) });
    }
    catalog.retire(covered, nowMs);
    return catalog;
  }

  /** Where each lane stands, by `laneKey`. */
  places(): Map<string, LanePlace> {
    return new Map(
      [...this.lanes].flatMap(([key, { files }]) => {
        const newest = files.at(-1)?.file;
        return newest === undefined ? [] : [[key, { last: newest.last, day: newest.day }]];
      }),
    );
  }

  /** The same, to be shown to others. */
  positions(): readonly LanePosition[] {
    return [...this.lanes.values()].flatMap(({ lane, files }) => {
      const newest = files.at(-1)?.file;
      return newest === undefined ? [] : [{ ...lane, position: newest.last }];
    });
  }

  filesByLane(): readonly (readonly SizedFile[])[] {
    return [...this.lanes.values()].map(({ files }) => files);
  }

  /** Of one lane, by its key; none if it is not known. */
  filesOf(lane: string): readonly SizedFile[] {
    return this.lanes.get(lane)?.files ?? [];
  }

  /** Of what readers look at. */
  totals(): { readonly files: number; readonly bytes: number } {
    const all = this.filesByLane().flat();
    return { files: all.length, bytes: all.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  /** The lane's newest file. */
  add(sized: SizedFile): void {
    const { lane } = sized.file;
    const known = this.lanes.get(laneKey(lane));
    if (known === undefined) this.lanes.set(laneKey(lane), { lane, files: [sized] });
    else known.files.push(sized);
  }

  /** `merged` takes the place of its sources, which are retired. */
  replace(sources: readonly SizedFile[], merged: SizedFile, nowMs: number): void {
    const entry = this.lanes.get(laneKey(merged.file.lane));
    if (entry === undefined) return;
    entry.files = entry.files.flatMap((each) =>
      each === sources[0] ? [merged] : sources.includes(each) ? [] : [each],
    );
    this.retire(
      sources.map(({ file }) => file),
      nowMs,
    );
  }

  remove(sized: SizedFile): void {
    const entry = this.lanes.get(laneKey(sized.file.lane));
    if (entry !== undefined) entry.files = entry.files.filter((each) => each !== sized);
  }

  /** Retired for at least so long; they are forgotten when `forget` says that they are gone. */
  retiredBefore(ms: number): readonly ArchiveFile[] {
    return this.retired.filter(({ sinceMs }) => sinceMs <= ms).map(({ file }) => file);
  }

  forget(file: ArchiveFile): void {
    this.retired = this.retired.filter((each) => each.file !== file);
  }

  private retire(files: readonly ArchiveFile[], nowMs: number): void {
    for (const file of files) this.retired.push({ file, sinceMs: nowMs });
  }
}
