import { parseCpuTimes, parseDisks, parseLoad, parseMemory, parseNetwork } from './proc-files.js';

// Texts of a real machine with two processors (Linux 6), cut in the middle.
const STAT = `cpu  18515 0 12044 527249 901 0 282 489 0 0
cpu0 8533 0 5450 265075 236 0 36 255 0 0
cpu1 9981 0 6594 262173 665 0 245 233 0 0
intr 870842 0 0 0
`;
const MEMINFO = `MemTotal:       24684084 kB
MemFree:        23726880 kB
MemAvailable:   24275568 kB
Buffers:           32544 kB
`;
const DISKSTATS = `   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
 254       0 vda 84149 24089 5088194 64968 27545 191651 5656896 29528 0 18400 103321 80925 147 2211840 8770 1207 53
 254       1 vda1 84000 24089 5000000 64968 27545 191651 5656896 29528 0 18400 103321 80925 147 2211840 8770 1207 53
 253       0 zram0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
`;
const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    3245      30    0    0    0     0          0         0     3245      30    0    0    0     0       0          0
  eth0: 1016266719   30430    0    0    0     0          0         0  4121583   23409    0    0    0     0       0          0
  eth1:1000      1    0    0    0     0          0         0  2000      1    0    0    0     0       0          0
`;

describe('the texts of /proc', () => {
  it('stat: busy is all but idle and waiting', () => {
    expect(parseCpuTimes(STAT)).toEqual({ busy: 18515 + 12044 + 282 + 489, total: 559480 });
  });

  it('stat: takes the four columns of an old kernel', () => {
    expect(parseCpuTimes('cpu  1 2 3 4\n')).toEqual({ busy: 6, total: 10 });
  });

  it('meminfo', () => {
    expect(parseMemory(MEMINFO)).toEqual({ totalBytes: 24684084 * 1024, availableBytes: 24275568 * 1024 });
    expect(parseMemory('MemTotal: 10 kB\nMemFree: 4 kB\n')).toEqual({ totalBytes: 10240, availableBytes: 4096 });
  });

  it('diskstats: whole disks, in bytes', () => {
    expect(parseDisks(DISKSTATS)).toEqual({ readBytes: 5088194 * 512, writtenBytes: 5656896 * 512 });
  });

  it('net/dev: all but the loopback, also where no space follows the colon', () => {
    expect(parseNetwork(NET_DEV)).toEqual({ receivedBytes: 1016267719, sentBytes: 4123583 });
  });

  it('loadavg', () => {
    expect(parseLoad('0.72 0.59 0.30 1/93 10489\n')).toBe(0.72);
  });

  it.each([
    ['stat', parseCpuTimes],
    ['meminfo', parseMemory],
    ['diskstats', parseDisks],
    ['net/dev', parseNetwork],
    ['loadavg', parseLoad],
  ])('%s: says undefined to what it does not understand', (_name, parse) => {
    for (const text of ['', 'cpu  1 x 3 4\n', 'nonsense here\n', 'MemTotal: 0 kB\nMemFree: 0 kB']) {
      expect(parse(text)).toBeUndefined();
    }
  });
});
