import { type ChildProcess, fork } from 'node:child_process';
import cluster from 'node:cluster';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { until } from '@distributary/distribution-core/testing';
import type { StepReport } from '../lifecycle/lifecycle.js';
import { forkedProcess, forkedWorker, joinPool } from './forked-process.js';

/** Says that it is ready once it is told `go`, and ends with 7 when it is asked to drain. */
const CHILD = `process.on('message', (message) => {
  if (message === 'go') process.send({ pool: 'ready' });
  if (message.pool === 'drain') process.exit(7);
});`;

describe('forkedProcess', () => {
  let folder: string;
  let child: ChildProcess;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-pool-'));
    writeFileSync(path.join(folder, 'child.mjs'), CHILD);
    child = fork(path.join(folder, 'child.mjs'), { execArgv: [] });
  });
  afterEach(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  it('knows when a child is ready, asks it to drain, and tells how it ended', async () => {
    const started = forkedProcess(child);
    expect(started.pid).toBe(child.pid);
    child.send('go');
    await started.ready;
    started.drain();
    expect(await started.ended).toBe('exit 7');
    started.drain();
  });

  it('kills one that is not asked any more', async () => {
    const started = forkedProcess(child);
    started.kill();
    expect(await started.ended).toBe('SIGKILL');
  });

  it('tells it by SIGHUP to read its certificates again', async () => {
    const started = forkedProcess(child);
    started.reload();
    expect(await started.ended).toBe('SIGHUP');
    started.reload();
  });

  it('does not take a message that could not be sent, or a second, for its end', async () => {
    const started = forkedProcess(child);
    child.emit('error', new Error('write EPIPE'));
    child.emit('error', new Error('write EPIPE'));
    started.kill();
    expect(await started.ended).toBe('SIGKILL');
  });

  it('counts one that the system refuses to start as ended, in a cluster as well', async () => {
    const cwd = path.join(folder, 'missing');
    expect(await forkedProcess(fork('child.mjs', { cwd })).ended).toMatch('ENOENT');
    cluster.setupPrimary({ exec: path.join(folder, 'child.mjs'), cwd });
    const started = forkedWorker(cluster.fork());
    expect(started.pid).toBeUndefined();
    expect(await started.ended).toMatch('ENOENT');
    started.drain();
    started.kill();
  });
});

describe('joinPool', () => {
  class Member extends EventEmitter {
    readonly sent: unknown[] = [];
    readonly exits: number[] = [];
    connected = true;
    send: ((message: unknown) => void) | undefined = (message) => this.sent.push(message);
    exit(code: number): void {
      this.exits.push(code);
    }
  }
  const lifecycleOf = (outcome: StepReport['outcome'], reasons: string[] = []) => ({
    drain: (reason: string) => {
      reasons.push(reason);
      return Promise.resolve([{ name: 'a', outcome, tookMs: 0 }]);
    },
  });

  it('says that it is ready', () => {
    const member = new Member();
    joinPool(member, lifecycleOf('done'));
    expect(member.sent).toEqual([{ pool: 'ready' }]);
  });

  it.each([
    ['done', 0],
    ['timed_out', 1],
  ] as const)('drains when it is asked to; a step that is %s means exit %i', async (outcome, code) => {
    const member = new Member();
    const reasons: string[] = [];
    joinPool(member, lifecycleOf(outcome, reasons));
    member.emit('message', { pool: 'other' });
    member.emit('message', 'drain');
    member.emit('message', { pool: 'drain' });
    await until('the exit', () => member.exits.length > 0);
    expect([reasons, member.exits]).toEqual([['pool'], [code]]);
  });

  it('drains when the one that watches over it is gone', async () => {
    const member = new Member();
    const reasons: string[] = [];
    joinPool(member, lifecycleOf('done', reasons));
    member.emit('disconnect');
    await until('the exit', () => member.exits.length > 0);
    expect(reasons).toEqual(['pool_gone']);
  });

  it('drains when the one that watches over it has gone while it was starting', async () => {
    const member = new Member();
    const reasons: string[] = [];
    member.connected = false;
    joinPool(member, lifecycleOf('done', reasons));
    await until('the exit', () => member.exits.length > 0);
    expect([reasons, member.sent]).toEqual([['pool_gone'], []]);
  });

  it('does nothing in a process that nobody watches over', () => {
    const member = new Member();
    member.send = undefined;
    joinPool(member, lifecycleOf('done'));
    expect(member.listenerCount('message') + member.listenerCount('disconnect')).toBe(0);
  });
});
