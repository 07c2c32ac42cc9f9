import { invalidRequest } from '@distributary/distribution-core';
import { MAX_PROBLEMS } from './validation.js';

/**
 * A parameter that is not known is a mistake in one that is (`symbol=` for `symbols=`), and without it the answer would be
 * about something else, or about everything. `request.invalid` with each of them by its name.
 */
export function refuseUnknownParameters(given: Iterable<string>, known: readonly string[]): void {
  const unknown = [...new Set(given)].filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const rule = `is no query parameter here; ${known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`}`;
  throw invalidRequest(unknown.slice(0, MAX_PROBLEMS).map((path) => ({ path, rule })));
}
