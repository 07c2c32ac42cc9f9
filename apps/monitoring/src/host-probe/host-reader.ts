import { readFile, statfs } from 'node:fs/promises';
import { cpus, freemem, loadavg, totalmem } from 'node:os';
import type { Clock } from '@distributary/distribution-core';
import { type CpuTimes, parseCpuTimes, parseDisks, parseLoad, parseMemory, parseNetwork } from './proc-files.js';
import type { HostReading } from './readings.js';

/** Reads this machine: from /proc where there is one, elsewhere what Node can tell (no disk or network traffic). */
export class HostReader {
  private readonly processors = Math.max(1, cpus().length);

  constructor(
    private readonly clock: Clock,
    /** The folder whose file system counts: where the service keeps its data. */
    private readonly dataFolder: string,
    private readonly procFolder = '/proc',
  ) {}

  async read(): Promise<HostReading> {
    const [stat, meminfo, load, diskstats, netDev, diskSpace] = await Promise.all([
      this.text('stat'),
      this.text('meminfo'),
      this.text('loadavg'),
      this.text('diskstats'),
      this.text('net/dev'),
      this.space(),
    ]);
    return {
      atMs: this.clock.monotonicMs(),
      processors: this.processors,
      cpu: parseCpuTimes(stat) ?? portableCpu(),
      memory: parseMemory(meminfo) ?? { totalBytes: totalmem(), availableBytes: freemem() },
      load: parseLoad(load) ?? loadavg()[0],
      disk: parseDisks(diskstats),
      network: parseNetwork(netDev),
      diskSpace,
    };
  }

  private text(file: string): Promise<string> {
    return readFile(`${this.procFolder}/${file}`, 'utf8').catch(() => '');
  }

  private async space(): Promise<HostReading['diskSpace']> {
    try {
      const { blocks, bavail, bsize } = await statfs(this.dataFolder);
      return { totalBytes: blocks * bsize, availableBytes: bavail * bsize };
    } catch {
      return undefined;
    }
  }
}

function portableCpu(): CpuTimes {
  let busy = 0;
  let idle = 0;
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return { busy, total: busy + idle };
}
