import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { anonymousBytesOf, machineBusySeconds, statOf, treeOf, usageOf } from './process-tree.js';

describe('the process tree', () => {
  it('counts the CPU time and memory of a process and its children', async () => {
    const program = 'process.stdout.write("runs"); process.stdin.resume()';
    const child = spawn(process.execPath, ['-e', program], { stdio: 'pipe' });
    // Before it runs it has next to no memory.
    await once(child.stdout, 'data');
    const tree = treeOf(process.pid);
    expect(tree).toContain(process.pid);
    expect(tree).toContain(child.pid);
    const usage = usageOf(tree);
    expect(usage.cpuSeconds).toBeGreaterThan(0);
    expect(usage.residentBytes).toBeGreaterThan(1e6);
    expect(machineBusySeconds()).toBeGreaterThan(usage.cpuSeconds);
    const own = anonymousBytesOf(child.pid as number) ?? 0;
    expect(own).toBeGreaterThan(1e6);
    expect(own).toBeLessThan(usage.residentBytes);
    child.stdin.end();
    await new Promise((resolve) => child.once('exit', resolve));
    expect(statOf(child.pid as number)).toBeUndefined();
    expect(anonymousBytesOf(child.pid as number)).toBeUndefined();
    expect(usageOf([child.pid as number])).toEqual({ pids: [], cpuSeconds: 0, residentBytes: 0 });
  });

  it('finds a process by the folder that it works in, whoever started it', async () => {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'process-tree-')));
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: 'pipe', cwd: folder });
    await new Promise((resolve) => child.once('spawn', resolve));
    expect(treeOf(undefined, folder)).toEqual([child.pid]);
    child.stdin.end();
    await new Promise((resolve) => child.once('exit', resolve));
    expect(treeOf(undefined, folder)).toEqual([]);
    fs.rmSync(folder, { recursive: true });
  });
});
