import { closeSync, type FSWatcher, mkdirSync, openSync, readdirSync, rmSync, watch, writeSync } from 'node:fs';
import path from 'node:path';

const RING = Buffer.from('.');

/**
 * Tells other processes that something was committed: each rings by writing one byte into a file of its own in one
 * watched folder, and ignores its own. A ring is a hint, it may come late, twice or (on some systems) not at all;
 * who waits for one looks for itself now and then.
 */
export class Doorbell {
  private readonly folder: string;
  private readonly ownName: string;
  private readonly file: number;
  private readonly watcher: FSWatcher;

  /** `name` must differ between processes and between two logs of one process. */
  constructor(directory: string, name: string, onRing: () => void) {
    this.folder = path.join(directory, 'bells');
    this.ownName = `${process.pid}-${name}`;
    mkdirSync(this.folder, { recursive: true });
    this.removeThoseOfTheDead();
    this.file = openSync(path.join(this.folder, this.ownName), 'w');
    this.watcher = watch(this.folder, { persistent: false }, (_, changed) => {
      if (changed !== this.ownName) onRing();
    });
    // The folder was deleted under us: nothing rings any more, looking now and then is what is left.
    this.watcher.on('error', () => this.watcher.close());
  }

  ring(): void {
    try {
      writeSync(this.file, RING, 0, 1, 0);
    } catch {
      // A disk too full for one byte: others find the commit when they look.
    }
  }

  close(): void {
    this.watcher.close();
    closeSync(this.file);
    rmSync(path.join(this.folder, this.ownName), { force: true });
  }

  private removeThoseOfTheDead(): void {
    for (const name of readdirSync(this.folder)) {
      if (!isAlive(Number.parseInt(name, 10))) rmSync(path.join(this.folder, name), { force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
