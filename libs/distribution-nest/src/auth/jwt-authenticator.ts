import {
  type Authenticator,
  type Clock,
  DEFAULT_TENANT,
  DistributionError,
  isTenantName,
  parsePermissions,
  type Permission,
  type Principal,
  type Secret,
} from '@distributary/distribution-core';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';

export interface JwtSettings {
  /** For HS256. */
  readonly secret?: Secret;
  /** For the asymmetric algorithms: where the keys are, or the keys. */
  readonly jwks?: URL | JSONWebKeySet;
  readonly issuer?: string;
  readonly audience?: string;
}

/** Each source of keys has algorithms of its own, so that a public key never passes for a shared secret. */
const SYMMETRIC = ['HS256'];
const ASYMMETRIC = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const MAX_TOKEN_LENGTH = 16 * 1024;
/** Keys are fetched again for a token of an unknown key, but no more often than this. */
const REFETCH_MS = 10_000;
const FETCH_TIMEOUT_MS = 3_000;
const KEEP_KEYS_MS = 600_000;
const CLOCK_TOLERANCE_S = 5;
const MAX_ID_LENGTH = 200;

/** Claims beside the registered `sub`, `exp`, `iss`, `aud`, `nbf`. */
export const TENANT_CLAIM = 'tenant';
export const PERMISSIONS_CLAIM = 'permissions';

/** JWTs: `sub`, `exp` and `permissions` are required; `tenant` is, but for the default tenant. */
export class JwtAuthenticator implements Authenticator {
  private readonly secret: Uint8Array | undefined;
  private readonly keys: JWTVerifyGetKey | undefined;

  constructor(
    private readonly settings: JwtSettings,
    private readonly clock: Clock,
  ) {
    const { secret, jwks } = settings;
    this.secret = secret && new TextEncoder().encode(secret.reveal());
    this.keys = jwks && keysOf(jwks);
  }

  async authenticate(token: string): Promise<Principal> {
    if (token.length > MAX_TOKEN_LENGTH) throw notOurs();
    return principalOf(await this.verify(token));
  }

  private async verify(token: string): Promise<JWTPayload> {
    const isSymmetric = SYMMETRIC.includes(algorithmOf(token));
    const { issuer, audience } = this.settings;
    const common: JWTVerifyOptions = {
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
      currentDate: new Date(this.clock.nowMicros() / 1000),
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ['exp', 'sub'],
    };
    try {
      if (isSymmetric && this.secret !== undefined) {
        return (await jwtVerify(token, this.secret, { ...common, algorithms: SYMMETRIC })).payload;
      }
      if (!isSymmetric && this.keys !== undefined) {
        return (await jwtVerify(token, this.keys, { ...common, algorithms: ASYMMETRIC })).payload;
      }
    } catch (error) {
      throw authErrorOf(error);
    }
    throw notOurs();
  }
}

function keysOf(jwks: URL | JSONWebKeySet): JWTVerifyGetKey {
  if (!(jwks instanceof URL)) return createLocalJWKSet(jwks);
  return createRemoteJWKSet(jwks, {
    cooldownDuration: REFETCH_MS,
    timeoutDuration: FETCH_TIMEOUT_MS,
    cacheMaxAge: KEEP_KEYS_MS,
  });
}

function algorithmOf(token: string): string {
  try {
    return decodeProtectedHeader(token).alg ?? '';
  } catch {
    throw notOurs();
  }
}

/** The messages are ours: what the library says may hold claims. */
function authErrorOf(error: unknown): DistributionError {
  if (error instanceof errors.JWTExpired) return new DistributionError('auth.expired', 'the token has expired');
  if (error instanceof errors.JOSEError && !KEY_SOURCE_FAILURES.includes(error.code)) return notOurs();
  return new DistributionError('store.unavailable', 'the keys of tokens are not to be had', {
    cause: error,
    retryAfterMs: 1_000,
  });
}

/** Everything else that the library throws is about the token; what is not its own is about the network. */
const KEY_SOURCE_FAILURES: readonly string[] = ['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'];

function principalOf(claims: JWTPayload): Principal {
  const { sub = '', exp = 0 } = claims;
  const tenant = claims[TENANT_CLAIM] ?? DEFAULT_TENANT;
  if (sub === '' || sub.length > MAX_ID_LENGTH || typeof tenant !== 'string' || !isTenantName(tenant)) throw notOurs();
  return {
    id: sub,
    kind: 'jwt',
    tenant,
    permissions: permissionsOf(claims[PERMISSIONS_CLAIM]),
    expiresAtMicros: exp * 1_000_000,
  };
}

function permissionsOf(claim: unknown): readonly Permission[] {
  try {
    return parsePermissions(claim ?? []);
  } catch (error) {
    if (!(error instanceof DistributionError)) throw error;
    throw new DistributionError('auth.missing', `the token's ${PERMISSIONS_CLAIM} are not valid: ${error.message}`);
  }
}

const notOurs = () => new DistributionError('auth.missing', 'the token is not valid');
