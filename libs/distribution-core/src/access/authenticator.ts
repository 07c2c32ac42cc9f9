import type { Principal } from './principal.js';

/**
 * Says who bears a token, be it an API key or a JWT. `auth.missing` if it is not one of ours, `auth.expired` if it was,
 * `store.unavailable` if that cannot be found out now. Nothing of the token gets into errors.
 */
export interface Authenticator {
  authenticate(token: string): Promise<Principal>;
}
