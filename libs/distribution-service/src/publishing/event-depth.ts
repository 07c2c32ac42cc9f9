import type { Problem } from '@distributary/distribution-core';
import { pathText } from '@distributary/distribution-nest';

/** Of objects and lists within one another; of the definitions of transformations as many are taken. */
export const MAX_EVENT_DEPTH = 64;
/** Names that a problem is placed by: `data.labels`. What lies below is as long as whoever nested it liked. */
const PLACED_BY = 2;

/**
 * Whether an event is nested too deep to be written as JSON, which takes room on the stack for each level; then that is among the
 * problems, as `events[index].…`.
 */
export function isTooDeep(input: unknown, index: number, problems: Problem[]): boolean {
  const place = tooDeepIn(input, 0);
  if (place === undefined) return false;
  problems.push({
    path: pathText(['events', index, ...place]),
    rule: `must be nested at most ${MAX_EVENT_DEPTH} deep`,
  });
  return true;
}

function tooDeepIn(value: unknown, depth: number): PropertyKey[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === MAX_EVENT_DEPTH) return [];
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const place = tooDeepIn(value[at], depth + 1);
      if (place !== undefined) return depth < PLACED_BY ? [at, ...place] : place;
    }
    return undefined;
  }
  for (const name in value) {
    const place = tooDeepIn((value as Readonly<Record<string, unknown>>)[name], depth + 1);
    if (place !== undefined) return depth < PLACED_BY ? [name, ...place] : place;
  }
  return undefined;
}
