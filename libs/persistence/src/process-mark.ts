import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Since when a process runs, in the kernel's ticks: a pid alone may be another program's by now. */
const START_TIME_FIELD = 20;

/** Whether it runs. One that has ended and was not yet reaped does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return statOf(pid)?.[0] !== 'Z';
}

/** Whether this process is now, or was already, the one that `file` names: no other that still runs may be. */
export function claimMark(file: string): boolean {
  if (otherMarkedProcess(file) !== undefined) return false;
  rmSync(file, { force: true });
  try {
    writeFileSync(file, markOf(process.pid), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** What stands in the file for a process. */
export const markOf = (pid: number): string => `${pid} ${startOf(pid)}`;

/** The process that `file` names, if it still runs and is not this one. */
export function otherMarkedProcess(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const mark = readFileSync(file, 'utf8');
  const pid = Number.parseInt(mark, 10);
  if (!(pid > 0) || pid === process.pid) return undefined;
  return isAlive(pid) && markOf(pid) === mark ? pid : undefined;
}

/** Empty where there is no /proc: then the pid is taken at its word. */
function startOf(pid: number): string {
  return statOf(pid)?.[START_TIME_FIELD - 1] ?? '';
}

/** What /proc says of it, from its state on; its name before that may hold anything. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
