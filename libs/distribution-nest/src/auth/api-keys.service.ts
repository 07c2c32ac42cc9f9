import {
  type ApiKey,
  type ApiKeyStore,
  apiKeyText,
  type Clock,
  DistributionError,
  type IdSource,
  type Permission,
  type Principal,
  VERBS,
} from '@distributary/distribution-core';
import { hashOfSecret, newSecret } from './api-key-secret.js';

export interface NewApiKey {
  readonly name: string;
  readonly permissions: readonly Permission[];
  readonly expiresAtMicros: number | undefined;
}

export interface CreatedApiKey {
  readonly key: ApiKey;
  /** `dk_<id>_<secret>`: told this once, kept nowhere. */
  readonly text: string;
}

const ID_LENGTH = 20;
/** Revoked ones included. */
const MAX_KEYS_PER_TENANT = 10_000;

/** The API keys of the caller's own tenant; those of others do not exist for it. */
export class ApiKeysService {
  constructor(
    private readonly store: ApiKeyStore,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    /** In this process; others hear of it from the store. */
    private readonly onRevoked: (id: string) => void = () => undefined,
  ) {}

  async create(principal: Principal, { name, permissions, expiresAtMicros }: NewApiKey): Promise<CreatedApiKey> {
    requireTenantManager(principal);
    if ((await this.store.list(principal.tenant)).length >= MAX_KEYS_PER_TENANT) {
      throw new DistributionError('quota.exceeded', `a tenant may have ${MAX_KEYS_PER_TENANT} API keys`);
    }
    const secret = newSecret();
    const key: ApiKey = {
      id: this.ids.uuid().replaceAll('-', '').slice(0, ID_LENGTH),
      tenant: principal.tenant,
      name,
      secretHash: hashOfSecret(secret),
      permissions,
      createdAtMicros: this.clock.nowMicros(),
      expiresAtMicros,
      revokedAtMicros: undefined,
      lastUsedAtMicros: undefined,
    };
    await this.store.create(key);
    return { key, text: apiKeyText(key.id, secret) };
  }

  async list(principal: Principal): Promise<readonly ApiKey[]> {
    requireTenantManager(principal);
    return this.store.list(principal.tenant);
  }

  /** `api_key.not_found`, also for a key of another tenant. */
  async get(principal: Principal, id: string): Promise<ApiKey> {
    requireTenantManager(principal);
    const key = await this.store.find(id);
    if (key?.tenant !== principal.tenant) throw notFound(id);
    return key;
  }

  /** For good. Live streams of the key end within a second, in every process. */
  async revoke(principal: Principal, id: string): Promise<ApiKey> {
    requireTenantManager(principal);
    const key = await this.store.revoke(principal.tenant, id, this.clock.nowMicros());
    if (key === undefined) throw notFound(id);
    this.onRevoked(id);
    return key;
  }
}

/**
 * Who gives keys out can give out every permission of the tenant, so `manage` has to be on everything: a manager of some
 * topics would otherwise make itself one of all.
 */
export function requireTenantManager({ permissions }: Principal): void {
  const isManager = permissions.some(
    ({ verbs, topicPattern, constraint }) =>
      verbs.includes('manage') && topicPattern === '#' && constraint === undefined,
  );
  if (!isManager) throw new DistributionError('auth.forbidden', 'API keys need the permission to manage every topic');
}

export const EVERYTHING: readonly Permission[] = [{ verbs: VERBS, topicPattern: '#', constraint: undefined }];

const notFound = (id: string) => new DistributionError('api_key.not_found', `no API key ${id}`);
