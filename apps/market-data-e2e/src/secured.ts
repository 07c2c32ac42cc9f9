import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Environment } from '@distributary/distribution-nest';
import { aJwt, JWT_SECRET } from '@distributary/distribution-service/testing';
import { TestApp } from './harness.js';

/** The service where it is asked who calls, for who may do everything. */
export async function startSecured(env: Environment = {}): Promise<TestApp> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-market-key-'));
  const settings = { AUTH: 'required', AUTH_KEY_FILE: path.join(folder, 'first.key'), JWT_SECRET, ...env };
  const app = await TestApp.start(settings);
  // The key that its first start made is nobody's.
  rmSync(folder, { recursive: true, force: true });
  return app.as(await aJwt({}, 3_600));
}
