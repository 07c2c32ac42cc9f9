import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface TemporaryFolder {
  readonly folder: string;
  remove(): void;
}

/** What is in it is gone with `remove`, or with this process, as when a run is interrupted. */
export function temporaryFolder(name: string): TemporaryFolder {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), `distributary-${name}-`)));
  // A database that does not run as root must be able to reach its own folder below.
  fs.chmodSync(folder, 0o755);
  const remove = () => {
    process.removeListener('exit', remove);
    // Who was just told to end may still be writing.
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.on('exit', remove);
  return { folder, remove };
}
