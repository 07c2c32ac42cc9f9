import { SignJWT } from 'jose';

/** For the setting of the same name. */
export const JWT_SECRET = 'a secret that only the tests know, and long enough';

export interface Grant {
  readonly verbs: readonly string[];
  readonly topic_pattern?: string;
  readonly constraint?: unknown;
}

export const EVERYTHING: readonly Grant[] = [{ verbs: ['publish', 'subscribe', 'read', 'manage'], topic_pattern: '#' }];

export interface Claims {
  readonly sub?: string;
  readonly tenant?: string;
  readonly permissions?: readonly Grant[];
}

/** Of somebody, to a service that knows {@link JWT_SECRET}. */
export function aJwt({ sub = 'somebody', tenant, permissions = EVERYTHING }: Claims = {}, lifetimeS = 300) {
  return new SignJWT({ ...(tenant !== undefined && { tenant }), permissions })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeS)
    .sign(new TextEncoder().encode(JWT_SECRET));
}
