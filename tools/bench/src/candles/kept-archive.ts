import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../command-line.js';

/** Beside the archive, once all of it is written. */
const NOTE = 'bench-candles.json';

/** How many trades the archive in this folder has; undefined: there is none yet. Throws a {@link UsageError} if it is not whole. */
export function tradesIn(folder: string): number | undefined {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return undefined;
  const note = path.join(folder, NOTE);
  if (!existsSync(note))
    throw new UsageError(`--archive: ${folder} has something else, or an archive that was not finished`);
  return (JSON.parse(readFileSync(note, 'utf8')) as { readonly trades: number }).trades;
}

export function noteTrades(folder: string, trades: number): void {
  writeFileSync(path.join(folder, NOTE), JSON.stringify({ trades }));
}
