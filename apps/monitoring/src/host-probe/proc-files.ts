/** Texts of Linux' /proc as figures. Pure; undefined where a text is not what it should be. */

export interface CpuTimes {
  /** In ticks of the kernel, or any other unit: only ratios of differences are used. */
  readonly busy: number;
  readonly total: number;
}

export interface MemoryFigures {
  readonly totalBytes: number;
  /** What programs can still get without swapping. */
  readonly availableBytes: number;
}

export interface DiskCounters {
  readonly readBytes: number;
  readonly writtenBytes: number;
}

export interface NetworkCounters {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** `/proc/stat`: all processors together. Guest time is part of user time already. */
export function parseCpuTimes(text: string): CpuTimes | undefined {
  const line = /^cpu +(.+)$/m.exec(text);
  const ticks = line?.[1].trim().split(/ +/).map(Number).slice(0, 8);
  if (ticks === undefined || ticks.length < 4 || !ticks.every(Number.isFinite)) return undefined;
  const total = ticks.reduce((sum, part) => sum + part, 0);
  const [, , , idle, ioWait = 0] = ticks;
  return { busy: total - idle - ioWait, total };
}

/** `/proc/meminfo`; kernels before 3.14 lack MemAvailable, and free memory is the nearest figure. */
export function parseMemory(text: string): MemoryFigures | undefined {
  const kilobytes = (name: string): number | undefined => {
    const found = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text);
    return found === null ? undefined : Number(found[1]);
  };
  const total = kilobytes('MemTotal');
  const available = kilobytes('MemAvailable') ?? kilobytes('MemFree');
  if (total === undefined || total === 0 || available === undefined) return undefined;
  return { totalBytes: total * 1024, availableBytes: available * 1024 };
}

/** Fixed by the kernel, whatever the disk's own sectors are. */
const SECTOR_BYTES = 512;
/** Whole disks only: their partitions, and what is stacked on them, would count the same bytes again. */
const WHOLE_DISK = /^(sd[a-z]+|vd[a-z]+|xvd[a-z]+|hd[a-z]+|nvme\d+n\d+|mmcblk\d+)$/;

/** `/proc/diskstats`: all whole disks together. */
export function parseDisks(text: string): DiskCounters | undefined {
  const disks = text
    .split('\n')
    .map((line) => line.trim().split(/ +/))
    .filter((fields) => fields.length >= 10 && WHOLE_DISK.test(fields[2]));
  if (disks.length === 0) return undefined;
  const sum = (field: number) => disks.reduce((total, fields) => total + Number(fields[field]), 0);
  return { readBytes: sum(5) * SECTOR_BYTES, writtenBytes: sum(9) * SECTOR_BYTES };
}

/** `/proc/net/dev`: all interfaces but the loopback. */
export function parseNetwork(text: string): NetworkCounters | undefined {
  const interfaces = text
    .split('\n')
    .map((line) => /^ *([^:]+): *(.+)$/.exec(line))
    .filter((found) => found !== null)
    .map(([, name, rest]) => ({ name, fields: rest.trim().split(/ +/).map(Number) }))
    .filter(({ name, fields }) => name !== 'lo' && fields.length >= 16);
  if (interfaces.length === 0) return undefined;
  const sum = (field: number) => interfaces.reduce((total, { fields }) => total + fields[field], 0);
  return { receivedBytes: sum(0), sentBytes: sum(8) };
}

/** `/proc/loadavg`: the mean length of the run queue over one minute. */
export function parseLoad(text: string): number | undefined {
  const load = Number(text.split(' ')[0]);
  return text !== '' && Number.isFinite(load) ? load : undefined;
}
