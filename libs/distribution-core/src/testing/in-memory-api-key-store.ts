import type { ApiKey, ApiKeyStore } from '../ports/api-key-store.port.js';

/** An {@link ApiKeyStore} in memory; revocations are told at once. */
export class InMemoryApiKeyStore implements ApiKeyStore {
  private readonly keys = new Map<string, ApiKey>();
  private readonly listeners = new Set<(id: string) => void>();

  create(key: ApiKey): Promise<void> {
    this.keys.set(key.id, key);
    return Promise.resolve();
  }

  find(id: string): Promise<ApiKey | undefined> {
    return Promise.resolve(this.keys.get(id));
  }

  list(tenant: string): Promise<readonly ApiKey[]> {
    const keys = [...this.keys.values()].filter((key) => key.tenant === tenant);
    return Promise.resolve(keys.sort((a, b) => (a.id < b.id ? -1 : 1)));
  }

  revoke(tenant: string, id: string, atMicros: number): Promise<ApiKey | undefined> {
    const key = this.keys.get(id);
    if (key?.tenant !== tenant) return Promise.resolve(undefined);
    if (key.revokedAtMicros !== undefined) return Promise.resolve(key);
    const revoked = { ...key, revokedAtMicros: atMicros };
    this.keys.set(id, revoked);
    for (const listener of this.listeners) listener(id);
    return Promise.resolve(revoked);
  }

  used(uses: ReadonlyMap<string, number>): Promise<void> {
    for (const [id, atMicros] of uses) {
      const key = this.keys.get(id);
      if (key === undefined) continue;
      this.keys.set(id, { ...key, lastUsedAtMicros: Math.max(atMicros, key.lastUsedAtMicros ?? 0) });
    }
    return Promise.resolve();
  }

  revokedOf(ids: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(ids.filter((id) => this.keys.get(id)?.revokedAtMicros !== undefined || !this.keys.has(id)));
  }

  onRevoked(listener: (id: string) => void): () => Promise<void> {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      return Promise.resolve();
    };
  }
}
