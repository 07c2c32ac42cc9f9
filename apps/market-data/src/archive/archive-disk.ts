import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  type ArchiveFile,
  fileAt,
  isContinued,
  isPart,
  partPathOf,
  pathOf,
  topicFolder,
  topicOfFolder,
} from './archive-file.js';

async function flushToDisk(target: string): Promise<void> {
  const handle = await open(target, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** 0 if it went in the meantime. */
async function changedMs(place: string): Promise<number> {
  try {
    return (await stat(place)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

/** Of the folders, one for each reader, that hold what queries spill while they run. */
export const SPILL_PREFIX = '.spill-';
/** Much longer than any query runs. */
const SPILLED_FOR_MS = 3_600_000;
const NOT_OURS: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM']);

/** The steps on disk that make a file count. Each is a method of its own, so that a test can die between any two. */
export class ArchiveDisk {
  private readonly madeFolders = new Set<string>();

  readonly root: string;

  constructor(root: string) {
    this.root = path.resolve(root);
  }

  absolute(file: ArchiveFile): string {
    return path.join(this.root, pathOf(file));
  }

  /** Finished files of these topics, of all if none are named; in no order. What else lies there is not looked at. */
  async list(topics?: readonly string[]): Promise<readonly ArchiveFile[]> {
    const files: ArchiveFile[] = [];
    await this.visit(topics, (topic, day, name) => {
      const file = fileAt(topic, day, name);
      if (file !== undefined) files.push(file);
    });
    return files;
  }

  /** Removes what a crash left half-written; returns how many. Only for who has the archive to write. */
  async removeParts(): Promise<number> {
    const parts: string[] = [];
    await this.visit(undefined, (topic, day, name) => {
      if (isPart(name)) parts.push(path.join(this.root, topic, day, name));
    });
    for (const part of parts) await rm(part, { force: true });
    return parts.length;
  }

  /**
   * Removes what readers spilled that were killed: folders in which nothing has changed for an hour. A reader that is only
   * idle makes its own anew. Only for who has the archive to write. What is somebody else's stays: it is litter, and nothing worse.
   */
  async removeSpills(nowMs: number): Promise<void> {
    for (const name of await namesIn(this.root)) {
      if (!name.startsWith(SPILL_PREFIX)) continue;
      await this.removeSpill(path.join(this.root, name), nowMs).catch((error: unknown) => {
        if (!NOT_OURS.has((error as NodeJS.ErrnoException).code)) throw error;
      });
    }
  }

  private async removeSpill(folder: string, nowMs: number): Promise<void> {
    const places = [folder, ...(await namesIn(folder)).map((each) => path.join(folder, each))];
    const changed = await Promise.all(places.map((place) => changedMs(place)));
    if (Math.max(...changed) < nowMs - SPILLED_FOR_MS) await rm(folder, { recursive: true, force: true });
  }

  async bytesOf(file: ArchiveFile): Promise<number> {
    return (await stat(this.absolute(file))).size;
  }

  /** False also if it went in the meantime. */
  async has(file: ArchiveFile): Promise<boolean> {
    return stat(this.absolute(file)).then(
      () => true,
      () => false,
    );
  }

  /** Where the file may be written before it counts; its folder exists, and survives a loss of power. */
  async preparePart(file: ArchiveFile): Promise<string> {
    const part = path.join(this.root, partPathOf(file));
    const folder = path.dirname(part);
    if (!this.madeFolders.has(folder)) {
      await mkdir(folder, { recursive: true });
      for (let above = path.dirname(folder); above.startsWith(this.root); above = path.dirname(above)) {
        await flushToDisk(above);
      }
      this.madeFolders.add(folder);
    }
    return part;
  }

  /** From here on the file counts, whatever happens; returns its size. Before, nothing of it does. */
  async publish(file: ArchiveFile): Promise<number> {
    const part = path.join(this.root, partPathOf(file));
    await this.syncPart(part);
    await this.renamePart(part, this.absolute(file));
    await this.syncFolder(path.dirname(part));
    return this.bytesOf(file);
  }

  async remove(file: ArchiveFile): Promise<void> {
    await rm(this.absolute(file), { force: true });
  }

  protected syncPart(part: string): Promise<void> {
    return flushToDisk(part);
  }

  protected renamePart(part: string, target: string): Promise<void> {
    return rename(part, target);
  }

  protected syncFolder(folder: string): Promise<void> {
    return flushToDisk(folder);
  }

  private async topicFolders(within = ''): Promise<readonly string[]> {
    const names = await namesIn(path.join(this.root, within));
    const folders = names.map((name) => path.join(within, name));
    const further = await Promise.all(folders.filter(isContinued).map((folder) => this.topicFolders(folder)));
    return [...folders.filter((folder) => !isContinued(folder)), ...further.flat()];
  }

  private async visit(
    topics: readonly string[] | undefined,
    found: (topic: string, day: string, name: string) => void,
  ): Promise<void> {
    const folders = topics?.map(topicFolder) ?? (await this.topicFolders());
    for (const topic of folders) {
      if (topicOfFolder(topic) === undefined) continue;
      // The newest first: whoever sees a file that came meanwhile sees those before it, too.
      for (const day of [...(await namesIn(path.join(this.root, topic)))].sort().reverse()) {
        for (const name of await namesIn(path.join(this.root, topic, day))) found(topic, day, name);
      }
    }
  }
}
