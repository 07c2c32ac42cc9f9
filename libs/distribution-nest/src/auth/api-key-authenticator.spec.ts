import { type ApiKey, apiKeyText, DistributionError } from '@distributary/distribution-core';
import { anApiKey, FakeClock, InMemoryApiKeyStore } from '@distributary/distribution-core/testing';
import { ApiKeyAuthenticator } from './api-key-authenticator.js';
import { hashOfSecret, isSecretOf, newSecret } from './api-key-secret.js';
import { ApiKeyUses } from './api-key-uses.js';

const secret = newSecret();

async function aStore(key: Partial<ApiKey> = {}) {
  const clock = new FakeClock();
  const store = new InMemoryApiKeyStore();
  await store.create(anApiKey({ secretHash: hashOfSecret(secret), ...key }));
  let lookUps = 0;
  const find = (id: string) => {
    lookUps++;
    return store.find(id);
  };
  const errors: unknown[] = [];
  const uses = new ApiKeyUses(store, clock, (error) => errors.push(error));
  const keys = new ApiKeyAuthenticator({ find }, uses, clock);
  return { clock, store, uses, keys, errors, lookUps: () => lookUps };
}

const text = apiKeyText('key00001', secret);

describe('a secret of a key', () => {
  it('is new each time, and known by its hash', () => {
    expect(newSecret()).not.toBe(secret);
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(hashOfSecret(secret)).toMatch(/^[0-9a-f]{64}$/);
    expect(isSecretOf(secret, hashOfSecret(secret))).toBe(true);
    expect(isSecretOf(newSecret(), hashOfSecret(secret))).toBe(false);
    expect(isSecretOf(secret, '')).toBe(false);
  });
});

describe('an API key', () => {
  it('says who calls', async () => {
    const { keys } = await aStore();
    expect(await keys.authenticate(text)).toEqual({
      id: 'key00001',
      kind: 'api_key',
      tenant: 'acme',
      permissions: anApiKey().permissions,
      expiresAtMicros: undefined,
    });
  });

  it('is refused in the same words whether it is unknown, wrong, revoked or no key at all', async () => {
    const { keys, store, clock } = await aStore();
    const messages = new Set<string>();
    const refuse = async (token: string) => {
      const error = (await keys.authenticate(token).catch((thrown: unknown) => thrown)) as Error & { code: string };
      expect(error.code).toBe('auth.missing');
      messages.add(error.message);
    };
    for (const token of ['dk_', 'dk_x_y', apiKeyText('unknown1', secret), apiKeyText('key00001', newSecret())]) {
      await refuse(token);
    }
    await store.revoke('acme', 'key00001', 1);
    clock.advance(501);
    await refuse(text);
    expect(messages.size).toBe(1);
  });

  it('expires', async () => {
    const { keys, clock, store } = await aStore();
    await store.create(
      anApiKey({ id: 'brief000', secretHash: hashOfSecret(secret), expiresAtMicros: clock.nowMicros() + 1000 }),
    );
    const brief = apiKeyText('brief000', secret);
    expect((await keys.authenticate(brief)).expiresAtMicros).toBe(clock.nowMicros() + 1000);
    clock.advance(1);
    await expect(keys.authenticate(brief)).rejects.toMatchObject({ code: 'auth.expired' });
  });

  it('is looked up once for calls at the same time, and again after half a second', async () => {
    const { keys, clock, lookUps } = await aStore();
    await Promise.all(Array.from({ length: 50 }, () => keys.authenticate(text)));
    expect(lookUps()).toBe(1);
    clock.advance(499);
    await keys.authenticate(text);
    expect(lookUps()).toBe(1);
    clock.advance(2);
    await keys.authenticate(text);
    expect(lookUps()).toBe(2);
    keys.forget('key00001');
    await keys.authenticate(text);
    expect(lookUps()).toBe(3);
  });

  it('is asked for again after the store failed', async () => {
    const { clock, uses } = await aStore();
    let isUp = false;
    const find = () => (isUp ? Promise.resolve(undefined) : Promise.reject(new Error('down')));
    const keys = new ApiKeyAuthenticator({ find }, uses, clock);
    await expect(keys.authenticate(text)).rejects.toThrow('down');
    isUp = true;
    await expect(keys.authenticate(text)).rejects.toMatchObject({ code: 'auth.missing' });
  });

  it('stays good for a minute while the store does not answer, if it was known; others have to wait', async () => {
    const { clock, store, uses } = await aStore();
    let isUp = true;
    const down = new DistributionError('store.unavailable', 'down');
    const find = (id: string) => (isUp ? store.find(id) : Promise.reject(down));
    const keys = new ApiKeyAuthenticator({ find }, uses, clock);
    await keys.authenticate(text);
    isUp = false;
    clock.advance(59_000);
    expect((await keys.authenticate(text)).id).toBe('key00001');
    await expect(keys.authenticate(apiKeyText('unknown1', secret))).rejects.toBe(down);
    await expect(keys.authenticate(apiKeyText('key00001', newSecret()))).rejects.toMatchObject({
      code: 'auth.missing',
    });
    clock.advance(1_000);
    await expect(keys.authenticate(text)).rejects.toBe(down);
  });

  it('has its last use written now and then, all keys at once', async () => {
    const { keys, clock, store, uses, errors } = await aStore();
    await keys.authenticate(text);
    clock.advance(29_000);
    expect((await store.find('key00001'))?.lastUsedAtMicros).toBeUndefined();
    await keys.authenticate(text);
    const usedAt = clock.nowMicros();
    clock.advance(1_000);
    await uses.write();
    expect((await store.find('key00001'))?.lastUsedAtMicros).toBe(usedAt);
    expect(errors).toEqual([]);
    const failing = new ApiKeyUses({ used: () => Promise.reject(new Error('down')) }, clock, (error) =>
      errors.push(error),
    );
    failing.note('key00001', 1);
    await failing.write();
    expect(errors).toHaveLength(1);
  });

  it('is noted for so many keys at a time and no more', async () => {
    const clock = new FakeClock();
    const written: number[] = [];
    const uses = new ApiKeyUses(
      { used: (waiting) => Promise.resolve(void written.push(waiting.size)) },
      clock,
      () => undefined,
    );
    for (let index = 0; index < 10_002; index++) uses.note(`key${index}`, index);
    uses.note('key1', 5);
    clock.advance(30_000);
    await uses.write();
    expect(written).toEqual([10_000, 0]);
  });
});
