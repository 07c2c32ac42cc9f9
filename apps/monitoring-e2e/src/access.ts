import { readFileSync } from 'node:fs';
import type { Environment, Logger } from '@distributary/distribution-nest';
import { aJwt, type Claims, EVERYTHING, type Grant, JWT_SECRET } from '@distributary/distribution-service/testing';
import { TestApp } from './harness.js';

export { aJwt, type Claims, EVERYTHING, type Grant, JWT_SECRET };

/** The service with authentication, and the key that its first start made. */
export async function startSecured(
  env: Environment = {},
  logger?: Logger,
): Promise<{ app: TestApp; admin: TestApp; keyFile: string }> {
  const app = await TestApp.start({ AUTH: 'required', JWT_SECRET, ...env }, logger);
  const keyFile = env.AUTH_KEY_FILE ?? app.keyFile;
  return { app, admin: app.as(readFileSync(keyFile, 'utf8').trim()), keyFile };
}

export interface MadeKey {
  readonly id: string;
  readonly key: string;
}

/** By whoever may manage. */
export async function makeKey(manager: TestApp, permissions: readonly Grant[] = EVERYTHING): Promise<MadeKey> {
  const { status, body } = await manager.post('/api/v1/monitoring/api-keys', { name: 'a test', permissions });
  if (status !== 201) throw new Error(`making a key answered ${status}: ${JSON.stringify(body)}`);
  return { id: body.id as string, key: body.key as string };
}
