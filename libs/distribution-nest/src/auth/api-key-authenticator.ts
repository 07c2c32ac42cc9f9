import {
  type ApiKey,
  type ApiKeyStore,
  type Authenticator,
  type Clock,
  DistributionError,
  parseApiKey,
  type Principal,
} from '@distributary/distribution-core';
import { LRUCache } from 'lru-cache';
import { isSecretOf } from './api-key-secret.js';
import type { ApiKeyUses } from './api-key-uses.js';

/** A key that was revoked is refused within this, whether or not anybody told us. */
const KNOWN_FOR_MS = 500;
/**
 * While the table does not answer, what it said last is good for this long: nobody can revoke anything in it then, and
 * who publishes should not have to wait for a database that the events do not need.
 */
const TRUSTED_FOR_MS = 60_000;
const MAX_KNOWN = 10_000;

interface Known {
  readonly key: ApiKey | undefined;
  readonly askedAtMs: number;
}

/** `dk_<id>_<secret>`. The table is asked at most every half second for each id, and never for what cannot be a key. */
export class ApiKeyAuthenticator implements Authenticator {
  private readonly known = new LRUCache<string, Known>({ max: MAX_KNOWN });
  private readonly asked = new Map<string, Promise<ApiKey | undefined>>();

  constructor(
    private readonly store: Pick<ApiKeyStore, 'find'>,
    private readonly uses: ApiKeyUses,
    private readonly clock: Clock,
  ) {}

  async authenticate(token: string): Promise<Principal> {
    const parsed = parseApiKey(token);
    const key = parsed && (await this.find(parsed.id));
    if (parsed === undefined || key === undefined || !isSecretOf(parsed.secret, key.secretHash)) throw notOurs();
    if (key.revokedAtMicros !== undefined) throw notOurs();
    const nowMicros = this.clock.nowMicros();
    if (key.expiresAtMicros !== undefined && key.expiresAtMicros <= nowMicros) {
      throw new DistributionError('auth.expired', 'the API key has expired');
    }
    this.uses.note(key.id, nowMicros);
    return principalOfKey(key);
  }

  /** Somebody told us that it changed. */
  forget(id: string): void {
    this.known.delete(id);
  }

  private async find(id: string): Promise<ApiKey | undefined> {
    const nowMs = this.clock.monotonicMs();
    const known = this.known.get(id);
    if (known !== undefined && nowMs - known.askedAtMs < KNOWN_FOR_MS) return known.key;
    let asked = this.asked.get(id);
    if (asked === undefined) {
      asked = this.store.find(id).finally(() => this.asked.delete(id));
      this.asked.set(id, asked);
    }
    let key: ApiKey | undefined;
    try {
      key = await asked;
    } catch (error) {
      const isTrusted = known?.key !== undefined && nowMs - known.askedAtMs < TRUSTED_FOR_MS;
      if (isTrusted && error instanceof DistributionError && error.code === 'store.unavailable') return known.key;
      throw error;
    }
    // As old as the question, not as the answer.
    this.known.set(id, { key, askedAtMs: nowMs });
    return key;
  }
}

export function principalOfKey({ id, tenant, permissions, expiresAtMicros }: ApiKey): Principal {
  return { id, kind: 'api_key', tenant, permissions, expiresAtMicros };
}

/** The same for an unknown key, a wrong secret and a revoked key: nothing is learnt by trying. */
const notOurs = () => new DistributionError('auth.missing', 'the API key is not valid');
