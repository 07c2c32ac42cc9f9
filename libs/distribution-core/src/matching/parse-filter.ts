import { invalidRequest } from '../errors/distribution-error.js';
import type { Filter } from './filter.js';
export function parseFilter(_input: unknown, path: string): Filter {
  throw invalidRequest([{ path, rule: 'filters come soon' }]);
}
export const filterToJson = (filter: Filter): unknown => filter;
