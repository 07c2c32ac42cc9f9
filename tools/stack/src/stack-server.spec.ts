import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from '@distributary/distribution-core/testing';
import { markByPs, startMarkOf } from './running-file.js';
import { type StackServer, startServer } from './stack-server.js';
import { answerTo } from './tcp-answer.js';

/** Starts a server that never serves; what a signal does, is left to it. */
const STARTER = `
  const [module, folder, isDetached] = process.argv.slice(1);
  const { startServer } = await import(module);
  await startServer(
    {
      kind: 'never',
      program: async () => ({ path: process.execPath, env: {} }),
      arguments: () => ['-e', 'console.log(process.pid); setInterval(() => undefined, 1000)'],
      isHealthy: async () => false,
    },
    { folder, port: 1 },
    { isDetached: isDetached === 'yes' },
  );
`;

describe('a server that has not come up yet', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-never-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each(['no', 'yes'])(
    'ends with the process that started it; shall it outlive that later: %s',
    async (isDetached) => {
      const module = pathToFileURL(path.resolve(import.meta.dirname, '../dist/stack-server.js')).href;
      const starter = spawn(process.execPath, ['--input-type=module', '-e', STARTER, module, folder, isDetached], {
        stdio: 'ignore',
      });
      await until('its process id', () => printed(folder).endsWith('\n'), 20_000);
      const pid = Number(printed(folder));
      expect(startMarkOf(pid)).toBeDefined();
      starter.kill('SIGTERM');
      await until('its end', () => startMarkOf(pid) === undefined, 20_000);
    },
    30_000,
  );

  it('does not serve if it has ended, whoever else answers at its port', async () => {
    const server: StackServer = {
      kind: 'gone',
      port: 1,
      program: () => Promise.resolve({ path: process.execPath, env: {}, unpackedAt: undefined }),
      arguments: () => ['-e', 'console.log(process.pid, "the port is taken")'],
      isHealthy: async () => {
        await until('its end', () => printed(folder).endsWith('\n'), 20_000);
        const pid = Number.parseInt(printed(folder));
        await until('its end', () => !isKnown(pid), 20_000);
        return true;
      },
      url: () => '',
    };
    await expect(startServer(server, { folder, port: 1 })).rejects.toThrow(
      /^gone does not serve on port 1: \d+ the port is taken/,
    );
  }, 30_000);
});

describe('the answer of a server', () => {
  it('is none if it closes without a byte', async () => {
    const server = net.createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect(await answerTo((server.address() as AddressInfo).port, 'PING')).toBeUndefined();
    server.close();
  });
});

describe('the mark of a process', () => {
  it('is its own as long as it runs, where there is no /proc as well', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    for (const markOf of [startMarkOf, markByPs]) {
      expect(markOf(process.pid)).toMatch(/\d/);
      expect(markOf(process.pid)).toBe(markOf(process.pid));
      expect(markOf(1)).not.toBe(markOf(process.pid));
      expect(markOf(pid)).toBeUndefined();
    }
  });
});

/** To the system: one that has ended, too, until its end has been told. */
function isKnown(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function printed(folder: string): string {
  try {
    return readFileSync(path.join(folder, 'output.txt'), 'utf8');
  } catch {
    return '';
  }
}
