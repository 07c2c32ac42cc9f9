import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '@distributary/distribution-core/testing';
import { ServiceProcess } from './service-process.js';

/** In a process of its own, which may be gone without a word. The tests of the workspace build first. */
const BUILT = path.resolve(import.meta.dirname, '../dist/service-process.js');
const STARTER = `
  const [module, program, cwd] = process.argv.slice(1);
  const { ServiceProcess } = await import(module);
  await new ServiceProcess(program, { cwd, env: process.env }).untilReady(60_000);
  console.log('ready');
`;
/** Like a service, as far as its process goes. */
const SERVICE = `
  import { writeFileSync } from 'node:fs';
  const drain = (reason) => {
    writeFileSync('drained', reason);
    process.exit(0);
  };
  process.on('disconnect', () => drain('disconnect'));
  process.on('SIGTERM', () => drain('SIGTERM'));
  process.send({ pool: 'ready' });
`;

describe('a service that npm start runs', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'distributary-start-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  const programOf = (text: string) => {
    const file = path.join(folder, 'service.mjs');
    writeFileSync(file, text);
    return file;
  };
  const start = (text: string) => new ServiceProcess(programOf(text), { cwd: folder, env: process.env });
  const drained = () => {
    const file = path.join(folder, 'drained');
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  };

  it('is ready when it says so, and drains when it is told to', async () => {
    const service = start(SERVICE);
    expect(await service.untilReady(20_000)).toBe('ready');
    service.stop();
    expect(await service.ended).toBe(0);
    expect(drained()).toBe('SIGTERM');
  });

  it('is not ready if it ends before, or says nothing in time', async () => {
    const failed = start('process.exit(3);');
    expect(await failed.untilReady(20_000)).toBe('ended');
    expect(await failed.ended).toBe(3);
    const silent = start("process.on('message', () => {});");
    expect(await silent.untilReady(100)).toBe('late');
    silent.stop();
    expect(await silent.ended).toBe(128);
  });

  it('drains when npm start is gone without a word', async () => {
    const args = ['--input-type=module', '-e', STARTER, BUILT, programOf(SERVICE), folder];
    const starter = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => starter.stdout.once('data', resolve));
    starter.kill('SIGKILL');
    await until('the drain', () => drained() === 'disconnect', 20_000);
  });
});
