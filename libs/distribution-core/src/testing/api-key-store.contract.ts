import type { ApiKey, ApiKeyStore } from '../ports/api-key-store.port.js';
import { until } from './until.js';

const SECOND = 1_000_000;
const NOW = 1_800_000_000 * SECOND;

export const anApiKey = (key: Partial<ApiKey> = {}): ApiKey => ({
  id: 'key00001',
  tenant: 'acme',
  name: 'dashboard',
  secretHash: 'a'.repeat(64),
  permissions: [
    { verbs: ['read', 'subscribe'], topicPattern: 'alerts/#', constraint: undefined },
    { verbs: ['publish'], topicPattern: '#', constraint: { op: 'eq', attribute: 'service', value: 'billing' } },
  ],
  createdAtMicros: NOW,
  expiresAtMicros: undefined,
  revokedAtMicros: undefined,
  lastUsedAtMicros: undefined,
  ...key,
});

/** `open` gives an empty store. */
export function describeApiKeyStoreContract(name: string, open: () => Promise<ApiKeyStore>): void {
  describe(`${name} keeps the promises of an api key store`, () => {
    let store: ApiKeyStore;
    beforeEach(async () => {
      store = await open();
    });

    it('gives back what was stored', async () => {
      const key = anApiKey({ expiresAtMicros: NOW + SECOND });
      await store.create(key);
      expect(await store.find(key.id)).toEqual(key);
      expect(await store.find('nobody00')).toBeUndefined();
    });

    it('lists the keys of one tenant by their ids', async () => {
      await store.create(anApiKey({ id: 'key00002' }));
      await store.create(anApiKey());
      await store.create(anApiKey({ id: 'key00003', tenant: 'other' }));
      expect((await store.list('acme')).map(({ id }) => id)).toEqual(['key00001', 'key00002']);
      expect(await store.list('nobody')).toEqual([]);
    });

    it('revokes for good, and only what the tenant owns', async () => {
      await store.create(anApiKey());
      expect(await store.revoke('other', 'key00001', NOW)).toBeUndefined();
      expect(await store.revokedOf(['key00001'])).toEqual([]);
      expect(await store.revoke('acme', 'key00001', NOW)).toMatchObject({ revokedAtMicros: NOW });
      expect(await store.revoke('acme', 'key00001', NOW + SECOND)).toMatchObject({ revokedAtMicros: NOW });
      expect(await store.find('key00001')).toMatchObject({ revokedAtMicros: NOW });
    });

    it('says which of many are revoked or gone', async () => {
      await store.create(anApiKey());
      await store.create(anApiKey({ id: 'key00002' }));
      await store.revoke('acme', 'key00002', NOW);
      expect([...(await store.revokedOf(['key00001', 'key00002', 'never000']))].sort()).toEqual([
        'key00002',
        'never000',
      ]);
      expect(await store.revokedOf([])).toEqual([]);
    });

    it('moves the last use forward, never back', async () => {
      await store.create(anApiKey());
      await store.used(new Map([['key00001', NOW + 2 * SECOND]]));
      await store.used(
        new Map([
          ['key00001', NOW],
          ['gone0000', NOW],
        ]),
      );
      await store.used(new Map());
      expect(await store.find('key00001')).toMatchObject({ lastUsedAtMicros: NOW + 2 * SECOND });
    });

    it('tells those who listen of a revocation, until they stop', async () => {
      const told: string[] = [];
      const stop = store.onRevoked((id) => told.push(id));
      let number = 0;
      const revokeOne = async () => {
        const id = `once${String(number++).padStart(6, '0')}`;
        await store.create(anApiKey({ id }));
        await store.revoke('acme', id, NOW);
        return id;
      };
      // Listening may take a moment to begin: what was missed is what `revokedOf` is for.
      await until('a revocation is told', async () => told.includes(await revokeOne()) || told.length > 0);
      await stop();
      const before = told.length;
      await revokeOne();
      expect(told).toHaveLength(before);
    });
  });
}
