import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The key in the file; undefined if there is none yet. */
export function keyIn(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** As one types it in the project's folder. */
export function typedPath(root: string, file: string): string {
  const relative = path.relative(root, path.resolve(root, file));
  return relative.startsWith('..') || path.isAbsolute(relative) ? path.resolve(root, file) : relative;
}
