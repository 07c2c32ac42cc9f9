import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type ApiKeyStore,
  apiKeyText,
  type Clock,
  DEFAULT_TENANT,
  type IdSource,
  invalidRequest,
  parseApiKey,
} from '@distributary/distribution-core';
import { hashOfSecret, newSecret } from './api-key-secret.js';
import { EVERYTHING } from './api-keys.service.js';

const OWNER_ONLY = 0o600;
const ID_LENGTH = 20;

export interface KeyFileDependencies {
  readonly store: Pick<ApiKeyStore, 'create' | 'find'>;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/**
 * Makes sure that the key in the file is known: of a service's first start there is a key to make others with. The file
 * is made with a new key if it is not there; what it holds is never overwritten. A key that was revoked stays revoked.
 * `request.invalid` if the file holds something else.
 */
export async function ensureKeyFile(file: string, { store, clock, ids }: KeyFileDependencies): Promise<void> {
  const known = await readKey(file);
  const { id, secret } = known ?? { id: ids.uuid().replaceAll('-', '').slice(0, ID_LENGTH), secret: newSecret() };
  if ((await store.find(id)) === undefined) {
    await store.create({
      id,
      tenant: DEFAULT_TENANT,
      name: `key file ${path.basename(file)}`,
      secretHash: hashOfSecret(secret),
      permissions: EVERYTHING,
      createdAtMicros: clock.nowMicros(),
      expiresAtMicros: undefined,
      revokedAtMicros: undefined,
      lastUsedAtMicros: undefined,
    });
  }
  if (known !== undefined) return;
  await mkdir(path.dirname(file), { recursive: true });
  // Exclusive: of several processes that start at once, one makes the file; the others' keys are known and unused.
  await writeFile(file, `${apiKeyText(id, secret)}\n`, { mode: OWNER_ONLY, flag: 'wx' }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
}

async function readKey(file: string) {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const key = parseApiKey(text.trim());
  if (key === undefined)
    throw invalidRequest([{ path: 'AUTH_KEY_FILE', rule: 'must hold an API key, or not be there' }]);
  return key;
}
