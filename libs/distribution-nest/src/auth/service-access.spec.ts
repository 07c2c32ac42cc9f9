import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InMemoryApiKeyStore, until } from '@distributary/distribution-core/testing';
import { SystemClock } from '../clock/system-clock.js';
import { SystemIds } from '../clock/system-ids.js';
import { type Environment, loadConfig } from '../config/load-config.js';
import { noLogger } from '../logging/logger.js';
import { authConfig } from './auth.config.js';
import { ServiceAccess } from './service-access.js';

describe('the access to a service', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'distributary-access-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const open = async (env: Environment, store = new InMemoryApiKeyStore()) => ({
    store,
    access: await ServiceAccess.open(loadConfig(env, authConfig), {
      store,
      clock: new SystemClock(),
      ids: new SystemIds(),
      logger: noLogger,
    }),
  });

  it('is open to everybody when authentication is off, and makes no key', async () => {
    const { access, store } = await open({ AUTH_KEY_FILE: path.join(folder, 'none.key') });
    expect(access.control.isOff).toBe(true);
    access.watch({ openKeys: () => [], endKey: () => undefined });
    await access.stop();
    expect(await store.list('default')).toEqual([]);
  });

  it('is by the key of its file, and by those that are made with it, until they are revoked', async () => {
    const file = path.join(folder, 'first.key');
    const { access } = await open({ AUTH: 'required', AUTH_KEY_FILE: file });
    const ended: string[] = [];
    access.watch({ openKeys: () => [], endKey: (id) => ended.push(id) });
    const first = await access.control.authenticate(readFileSync(file, 'utf8').trim());
    const { key, text } = await access.apiKeys.create(first, {
      name: 'x',
      permissions: [],
      expiresAtMicros: undefined,
    });
    expect((await access.control.authenticate(text)).id).toBe(key.id);
    await access.apiKeys.revoke(first, key.id);
    await until('its sessions end', () => ended.includes(key.id));
    await expect(access.control.authenticate(text)).rejects.toMatchObject({ code: 'auth.missing' });
    await access.stop();
  });

  it('is by tokens if their keys are given, in a file as well', async () => {
    const jwks = path.join(folder, 'jwks.json');
    writeFileSync(jwks, '{"keys":[]}');
    const idp = { AUTH: 'required', JWT_ISSUER: 'i', JWT_AUDIENCE: 'a' };
    for (const env of [
      { ...idp, JWKS_FILE: jwks },
      { ...idp, JWKS_URL: 'http://127.0.0.1:1/' },
      { AUTH: 'required', JWT_SECRET: 'x'.repeat(32) },
    ]) {
      const { access } = await open(env);
      await expect(access.control.authenticate('a.b.c')).rejects.toMatchObject({ code: 'auth.missing' });
    }
    for (const text of ['', '{}', 'private']) {
      writeFileSync(jwks, text);
      const error = await open({ ...idp, JWKS_FILE: jwks }).catch((thrown: unknown) => thrown);
      expect(String(error)).toContain('JWKS_FILE: must hold a JSON Web Key Set');
      expect(String(error)).not.toContain('private');
    }
  });
});
