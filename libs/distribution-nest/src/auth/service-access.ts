import { readFile } from 'node:fs/promises';
import {
  type ApiKeyStore,
  type Clock,
  type IdSource,
  invalidRequest,
  type Principal,
} from '@distributary/distribution-core';
import type { JSONWebKeySet } from 'jose';
import type { Logger } from '../logging/logger.js';
import { AccessControl, OPEN_ACCESS } from './access-control.js';
import { ApiKeyAuthenticator } from './api-key-authenticator.js';
import { ApiKeyUses } from './api-key-uses.js';
import { ApiKeysService } from './api-keys.service.js';
import type { AuthConfig } from './auth.config.js';
import { JwtAuthenticator } from './jwt-authenticator.js';
import { ensureKeyFile } from './key-file.js';
import { type KeyedSessions, RevocationWatch } from './revocation-watch.js';

export interface ServiceAccessDependencies {
  readonly store: ApiKeyStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  /** See `Authenticators`. */
  readonly certificates?: (raw: Buffer) => Principal | undefined;
}

/** How one service knows its callers, as it is configured; all of it in one place for the composition. */
export class ServiceAccess {
  readonly apiKeys: ApiKeysService;
  private watching: RevocationWatch | undefined;
  private sessions: KeyedSessions | undefined;

  private constructor(
    readonly control: AccessControl,
    private readonly deps: ServiceAccessDependencies,
    private readonly keys: ApiKeyAuthenticator,
    private readonly uses: ApiKeyUses,
  ) {
    const { store, clock, ids } = deps;
    this.apiKeys = new ApiKeysService(store, clock, ids, (id) => this.revoked(id));
  }

  /** Reads and makes files. `request.invalid` if one of them does not hold what it should. */
  static async open(config: AuthConfig, deps: ServiceAccessDependencies): Promise<ServiceAccess> {
    const { store, clock, logger, certificates } = deps;
    const uses = new ApiKeyUses(store, clock, (error) => logger.warn('api_keys.uses_lost', { error }));
    const keys = new ApiKeyAuthenticator(store, uses, clock);
    const jwts = await jwtsOf(config, clock);
    const control = config.AUTH === 'off' ? OPEN_ACCESS : new AccessControl({ apiKeys: keys, jwts, certificates });
    if (config.AUTH === 'required' && config.AUTH_KEY_FILE !== undefined)
      await ensureKeyFile(config.AUTH_KEY_FILE, deps);
    logger.info('access.opened', { auth: config.AUTH, jwt: jwts !== undefined });
    return new ServiceAccess(control, deps, keys, uses);
  }

  /** From now on revocations end sessions. */
  watch(sessions: KeyedSessions): void {
    if (this.control.isOff) return;
    this.sessions = sessions;
    this.watching = new RevocationWatch(this.deps.store, sessions, this.deps.clock, (id) => this.keys.forget(id));
  }

  async stop(): Promise<void> {
    await this.watching?.stop();
    await this.uses.write();
  }

  private revoked(id: string): void {
    this.keys.forget(id);
    this.sessions?.endKey(id);
  }
}

async function jwtsOf(config: AuthConfig, clock: Clock): Promise<JwtAuthenticator | undefined> {
  const { JWT_SECRET: secret, JWKS_URL, JWKS_FILE, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = config;
  const jwks = JWKS_FILE === undefined ? urlOf(JWKS_URL) : jwksOf(await readFile(JWKS_FILE, 'utf8'));
  if (secret === undefined && jwks === undefined) return undefined;
  return new JwtAuthenticator(
    {
      ...(secret !== undefined && { secret }),
      ...(jwks !== undefined && { jwks }),
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    },
    clock,
  );
}

const urlOf = (text: string | undefined): URL | undefined => (text === undefined ? undefined : new URL(text));

function jwksOf(text: string): JSONWebKeySet {
  try {
    const set = JSON.parse(text) as JSONWebKeySet;
    if (Array.isArray(set.keys)) return set;
  } catch {
    // Told below, without the text.
  }
  throw invalidRequest([{ path: 'JWKS_FILE', rule: 'must hold a JSON Web Key Set' }]);
}
