import { invalidRequest } from '../errors/distribution-error.js';
import type { Retention } from '../ports/log.port.js';

const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const BYTES = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const;

const PART = /^(\d{1,15})([A-Za-z]+)$/;
const RULE = 'must be a time like 7d, 12h or 30m, a size like 1GiB, both with a comma between, or forever';

/**
 * `7d`, `12h`, `1GiB`, `7d,1GiB` or `forever`. Times: ms s m h d w. Sizes: B kB MB GB TB KiB MiB GiB TiB, of each lane.
 * At most one of each, in either order; what is not named has no limit. `request.invalid` at `path` for anything else.
 */
export function parseRetentionPolicy(text: string, path = 'retention_policy'): Retention {
  const refuse = () => invalidRequest([{ path, rule: RULE }]);
  if (text.trim() === 'forever') return { ms: 0, bytes: 0 };
  let ms = 0;
  let bytes = 0;
  for (const part of text.split(',')) {
    const [, digits, unit] = PART.exec(part.trim()) ?? [];
    const amount = Number(digits);
    if (isUnit(MS, unit) && ms === 0) ms = amount * MS[unit];
    else if (isUnit(BYTES, unit) && bytes === 0) bytes = amount * BYTES[unit];
    else throw refuse();
    // Zero would mean "no limit", which is not what who writes `0d` has in mind.
    if (amount === 0 || !Number.isSafeInteger(ms) || !Number.isSafeInteger(bytes)) throw refuse();
  }
  return { ms, bytes };
}

function isUnit<Units extends object>(units: Units, unit: string | undefined): unit is string & keyof Units {
  return unit !== undefined && Object.hasOwn(units, unit);
}
