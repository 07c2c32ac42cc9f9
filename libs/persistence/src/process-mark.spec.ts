import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { claimMark, isAlive, markOf, otherMarkedProcess } from './process-mark.js';

describe('the mark of the process in charge', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-mark-'));
    file = path.join(folder, 'mark');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('names another process for as long as it runs', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
    const pid = other.pid as number;
    writeFileSync(file, markOf(pid));
    expect(otherMarkedProcess(file)).toBe(pid);
    expect(claimMark(file)).toBe(false);
    const ended = new Promise((resolve) => other.once('exit', resolve));
    other.kill('SIGKILL');
    await ended;
    expect(isAlive(pid)).toBe(false);
    expect(otherMarkedProcess(file)).toBeUndefined();
    expect(claimMark(file)).toBe(true);
  });

  it('is not taken for a later process of the same pid', () => {
    writeFileSync(file, markOf(process.ppid));
    expect(otherMarkedProcess(file)).toBe(process.ppid);
    if (readFileSync(file, 'utf8').endsWith(' ')) return;
    writeFileSync(file, `${process.ppid} 1`);
    expect(otherMarkedProcess(file)).toBeUndefined();
  });

  it('names nobody when it is missing, is this process or makes no sense', () => {
    expect(otherMarkedProcess(file)).toBeUndefined();
    expect(claimMark(file)).toBe(true);
    expect(claimMark(file)).toBe(true);
    expect(otherMarkedProcess(file)).toBeUndefined();
    writeFileSync(file, 'nonsense');
    expect(otherMarkedProcess(file)).toBeUndefined();
  });

  it('knows that a process that has ended does not run', () => {
    expect(isAlive(process.pid)).toBe(true);
    expect(isAlive(spawnSync(process.execPath, ['-e', '']).pid)).toBe(false);
  });
});
