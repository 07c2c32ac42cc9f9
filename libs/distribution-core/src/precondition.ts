import { createHash } from 'node:crypto';
import { DistributionError } from './errors/distribution-error.js';

/** Names one state of a resource: equal states have equal versions, on every process and after a restart. */
export type ResourceVersion = string & { readonly __brand?: 'ResourceVersion' };

/**
 * The states that a change is meant for, as whoever asks for it has seen them: `If-Match`. `any`: the resource only has
 * to be there. Undefined: whatever its state is.
 */
export type Precondition = 'any' | readonly ResourceVersion[] | undefined;

/** Of a resource as it is shown, without what moves by itself. The order of its fields does not count. */
export function versionOf(state: unknown): ResourceVersion {
  return createHash('sha256').update(JSON.stringify(state, sortedFields)).digest('base64url').slice(0, 22);
}

/** Databases give objects back with their fields in an order of their own. */
function sortedFields(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** `precondition.failed` if the present state is not one of those. To be called where the state cannot change meanwhile. */
export function requireVersion(precondition: Precondition, present: ResourceVersion): void {
  if (precondition === undefined || precondition === 'any' || precondition.includes(present)) return;
  throw new DistributionError('precondition.failed', 'it has been changed since it was read: read it again');
}
