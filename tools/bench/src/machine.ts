import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';

/** Where figures were measured: without it they mean nothing. */
export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly ws: string;
  readonly commit: string;
  readonly hasLocalChanges: boolean;
  readonly measuredAt: string;
}

export function machineFacts(): MachineFacts {
  const git = (...args: string[]) =>
    spawnSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).stdout?.trim() ?? '';
  const { version } = JSON.parse(
    fs.readFileSync(createRequire(import.meta.url).resolve('ws/package.json'), 'utf8'),
  ) as { version: string };
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release()}`,
    node: process.version,
    ws: version,
    commit: git('rev-parse', '--short', 'HEAD') || 'unknown',
    hasLocalChanges: git('status', '--porcelain', '--untracked-files=no') !== '',
    measuredAt: new Date().toISOString(),
  };
}

export function describeMachine(facts: MachineFacts): string {
  const { cpu, cores, memoryGiB, kernel, node, ws, commit, hasLocalChanges, measuredAt } = facts;
  return `${cores} × ${cpu}, ${memoryGiB} GiB, ${kernel}, Node ${node}, ws ${ws}, commit ${commit}${hasLocalChanges ? ' with changes' : ''}, ${measuredAt}`;
}
