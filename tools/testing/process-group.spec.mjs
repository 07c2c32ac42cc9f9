import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ProcessGroup } from './process-group.mjs';

/** Like `npm start`: what it runs has a group of its own, and is told to stop by it alone. */
const STARTER = `
  import { spawn } from 'node:child_process';
  import fs from 'node:fs';
  const service = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  process.once('SIGINT', () => setTimeout(() => service.kill(), 200));
  service.once('exit', () => process.exit(130));
  fs.writeFileSync('pid', String(service.pid));
`;
/** Of zombies, which nobody may be there to reap, there is a name but no program. */
const runs = (pid) =>
  /^[^Z]/.test(
    spawnSync('ps', ['-o', 'stat=', '-p', String(pid)])
      .stdout.toString()
      .trim(),
  );

async function until(condition) {
  for (const endMs = performance.now() + 20_000; !condition();) {
    if (performance.now() > endMs) throw new Error('not within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a command and all that it starts', () => {
  let folder;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distributary-group-'));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  const start = (script) => new ProcessGroup(process.execPath, ['--input-type=module', '-e', script], { cwd: folder });
  const written = (name) => fs.existsSync(path.join(folder, name)) && fs.readFileSync(path.join(folder, name), 'utf8');

  it('is given the time to stop what it started in a group of its own', async () => {
    const group = start(STARTER);
    await until(() => written('pid'));
    await group.stop(20_000);
    expect(await group.ended).toEqual({ code: 130, signal: null });
    expect(runs(written('pid'))).toBe(false);
  });

  it('is ended by force when it takes longer, and is not asked for once it has ended', async () => {
    const group = start(`
      import fs from 'node:fs';
      process.on('SIGINT', () => {});
      setInterval(() => {}, 1000);
      fs.writeFileSync('pid', String(process.pid));
    `);
    await until(() => written('pid'));
    await group.stop(200);
    expect(await group.ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect(group.hasEnded).toBe(true);
    await group.stop(20_000);
  });
});
