import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from '@distributary/distribution-core/testing';
import { startMarkOf } from './running-file.js';

/** Starts a server that never serves, and ends itself when it is told to. */
const STARTER = `
  const [module, folder] = process.argv.slice(1);
  const { startServer } = await import(module);
  process.once('SIGTERM', () => process.exit(1));
  await startServer(
    {
      kind: 'never',
      program: async () => ({ path: process.execPath, env: {} }),
      arguments: () => ['-e', 'console.log(process.pid); setInterval(() => undefined, 1000)'],
      isHealthy: async () => false,
    },
    { folder, port: 1 },
  );
`;

describe('a server that has not come up yet', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-never-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('ends with the process that started it', async () => {
    const module = pathToFileURL(path.resolve(import.meta.dirname, '../dist/stack-server.js')).href;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', STARTER, module, folder], {
      stdio: 'ignore',
    });
    await until('its process id', () => printed(folder).endsWith('\n'), 20_000);
    const pid = Number(printed(folder));
    expect(startMarkOf(pid)).toBeDefined();
    starter.kill('SIGTERM');
    await until('its end', () => startMarkOf(pid) === undefined, 20_000);
  }, 30_000);
});

function printed(folder: string): string {
  try {
    return readFileSync(path.join(folder, 'output.txt'), 'utf8');
  } catch {
    return '';
  }
}
