import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Environment, loadConfig, noLogger } from '@distributary/distribution-nest';
import { createApp, type RunningApp } from '../app.js';
import { marketDataConfig } from '../config/market-data.config.js';

export interface TestApp extends RunningApp {
  /** Drains it and removes its data. */
  close(): Promise<void>;
}

/** The whole service on free ports, with embedded storage in a folder of its own. */
export async function runApp(env: Environment = {}): Promise<TestApp> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'distributary-market-data-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const config = loadConfig(
    {
      PORT: '0',
      GRPC_PORT: '0',
      DATA_DIR: path.join(directory, 'data'),
      EMBEDDED_DIR: path.join(directory, 'log'),
      EMBEDDED_SYNC: 'commit',
      EMBEDDED_MAX_SIZE: '1GiB',
      ...env,
    },
    marketDataConfig,
  );
  try {
    const app = await createApp(config, noLogger);
    const close = async () => {
      await app.lifecycle.drain('test is over');
      remove();
    };
    return { ...app, close };
  } catch (error) {
    remove();
    throw error;
  }
}
