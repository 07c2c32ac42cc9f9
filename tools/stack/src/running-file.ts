import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** What `stack:up` writes down, so that `stack:down` ends this process and no other that got its number since. */
export interface RunningRecord {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  /** When the process began, as the kernel tells it. */
  readonly startMark: string;
}

export function readRunning(file: string): RunningRecord | undefined {
  if (!existsSync(file)) return undefined;
  const record = JSON.parse(readFileSync(file, 'utf8')) as RunningRecord;
  return startMarkOf(record.pid) === record.startMark ? record : undefined;
}

export function writeRunning(file: string, record: Omit<RunningRecord, 'startMark'>): void {
  writeFileSync(file, JSON.stringify({ ...record, startMark: startMarkOf(record.pid) ?? '' }));
}

export const forgetRunning = (file: string): void => rmSync(file, { force: true });

/** Undefined: there is no such process. */
export const startMarkOf = existsSync('/proc/self/stat') ? markInProc : markByPs;

/** The 22nd field of /proc/<pid>/stat; the second one may hold spaces and brackets. */
function markInProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** To the second: where there is no /proc, as on macOS. */
export function markByPs(pid: number): string | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const [, state, mark] = /^\s*(\S+)\s+(.+?)\s*$/m.exec(stdout ?? '') ?? [];
  return state === undefined || state.startsWith('Z') ? undefined : mark;
}
