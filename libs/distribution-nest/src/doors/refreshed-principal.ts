import { refreshSchema } from '@distributary/contracts';
import { DistributionError, type Principal } from '@distributary/distribution-core';
import type { AccessControl } from '../auth/access-control.js';
import { parseWith } from './stream-commands.js';

/**
 * Who a `refresh` says that it is. It prolongs a session and may change what it is permitted. The tenant it cannot change,
 * since the subscriptions of the session are of the first one: `auth.forbidden`.
 */
export async function refreshedPrincipal(
  access: AccessControl,
  present: Principal,
  payload: unknown,
): Promise<Principal> {
  const { token } = parseWith(refreshSchema, payload);
  const principal = await access.authenticate(token);
  if (principal.tenant !== present.tenant) {
    throw new DistributionError('auth.forbidden', 'a session stays with its tenant: open another one');
  }
  return principal;
}
