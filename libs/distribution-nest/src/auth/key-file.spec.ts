import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseApiKey } from '@distributary/distribution-core';
import { FakeClock, InMemoryApiKeyStore } from '@distributary/distribution-core/testing';
import { SystemIds } from '../clock/system-ids.js';
import { isSecretOf } from './api-key-secret.js';
import { ensureKeyFile } from './key-file.js';

describe('the key file', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'distributary-key-'));
    file = path.join(folder, 'deeper', 'first.key');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const ensure = (store: InMemoryApiKeyStore, named = file) =>
    ensureKeyFile(named, { store, clock: new FakeClock(), ids: new SystemIds() });

  it('is made for its owner only, with a key of which the store has the hash', async () => {
    const store = new InMemoryApiKeyStore();
    await ensure(store);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const key = parseApiKey(readFileSync(file, 'utf8').trim());
    const [stored] = await store.list('default');
    expect(key?.id).toBe(stored.id);
    expect(isSecretOf(key?.secret ?? '', stored.secretHash)).toBe(true);
    expect(JSON.stringify(stored)).not.toContain(key?.secret);
    expect(stored.permissions).toEqual([
      { verbs: ['publish', 'subscribe', 'read', 'manage'], topicPattern: '#', constraint: undefined },
    ]);
  });

  it('is left as it is, and its key made known to a store that has forgotten it', async () => {
    await ensure(new InMemoryApiKeyStore());
    const text = readFileSync(file, 'utf8');
    const other = new InMemoryApiKeyStore();
    await ensure(other);
    await ensure(other);
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(await other.list('default')).toHaveLength(1);
  });

  it('does not bring back a key that was revoked', async () => {
    const store = new InMemoryApiKeyStore();
    await ensure(store);
    const [{ id }] = await store.list('default');
    await store.revoke('default', id, 1);
    await ensure(store);
    expect((await store.find(id))?.revokedAtMicros).toBe(1);
  });

  it('is one for processes that start at once', async () => {
    const store = new InMemoryApiKeyStore();
    await Promise.all([ensure(store), ensure(store), ensure(store)]);
    const key = parseApiKey(readFileSync(file, 'utf8').trim());
    expect(await store.find(key?.id ?? '')).toBeDefined();
  });

  it('is refused if it holds something else, which is not repeated', async () => {
    const odd = path.join(folder, 'odd.key');
    writeFileSync(odd, 'password1');
    const error = await ensure(new InMemoryApiKeyStore(), odd).catch((thrown: Error) => thrown);
    expect(String(error)).toContain('AUTH_KEY_FILE: must hold an API key');
    expect(String(error)).not.toContain('password1');
    await expect(ensure(new InMemoryApiKeyStore(), folder)).rejects.toThrow('EISDIR');
  });
});
