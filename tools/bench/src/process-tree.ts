import fs from 'node:fs';

/** Linux counts CPU time in ticks of 10 ms on every platform that Node supports. */
const TICKS_PER_SECOND = 100;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

export interface TreeUsage {
  readonly pids: readonly number[];
  /** User and system time of all that live now. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

const PAGE_BYTES = 4096;

/** Undefined if the process is gone. */
export function statOf(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name stands in brackets and may hold anything, brackets and blanks included.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z') return undefined;
  return {
    pid,
    parent: Number(fields[1]),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    residentBytes: Number(fields[21]) * PAGE_BYTES,
  };
}

/**
 * The part of the resident memory that is the process's own. Pages of a mapped file count as resident too, but they are the
 * kernel's cache: it takes them back whenever it needs them. Undefined if the process is gone.
 */
export function anonymousBytesOf(pid: number): number | undefined {
  try {
    const found = /^RssAnon:\s*(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found === null ? undefined : Number(found[1]) * 1024;
  } catch {
    return undefined;
  }
}

function allStats(): ProcessStat[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat !== undefined);
}

/** A process that lives in the folder, whoever is its parent by now: a database outlives a parent that was killed. */
function livesIn(pid: number, folder: string): boolean {
  try {
    const cwd = fs.readlinkSync(`/proc/${pid}/cwd`);
    if (cwd === folder || cwd.startsWith(`${folder}/`)) return true;
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(folder);
  } catch {
    return false;
  }
}

/** `root` and all below it, and (if given) every process whose working directory lies in `folder`. */
export function treeOf(root: number | undefined, folder?: string): number[] {
  const stats = allStats();
  const found = new Set<number>();
  const add = (pid: number): void => {
    if (found.has(pid)) return;
    found.add(pid);
    for (const { pid: child, parent } of stats) if (parent === pid) add(child);
  };
  if (root !== undefined && stats.some(({ pid }) => pid === root)) add(root);
  if (folder !== undefined) {
    for (const { pid } of stats) if (pid !== process.pid && !found.has(pid) && livesIn(pid, folder)) found.add(pid);
  }
  return [...found];
}

export function usageOf(pids: readonly number[]): TreeUsage {
  const stats = pids.map(statOf).filter((stat) => stat !== undefined);
  return {
    pids: stats.map(({ pid }) => pid),
    cpuSeconds: stats.reduce((sum, stat) => sum + stat.cpuSeconds, 0),
    residentBytes: stats.reduce((sum, stat) => sum + stat.residentBytes, 0),
  };
}

/** Of the whole machine, since it was started: how much work anybody did. */
export function machineBusySeconds(): number {
  const [, user, nice, system, , , irq, softirq] = fs
    .readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]
    .split(/\s+/)
    .map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}
