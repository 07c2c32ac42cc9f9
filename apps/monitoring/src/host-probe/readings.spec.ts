import fc from 'fast-check';
import { growthOf, ratePerSecond } from './counters.js';
import { type Figure, hostFigures, type HostReading, processFigures, type ProcessReading } from './readings.js';

const host = (change: Partial<HostReading> = {}): HostReading => ({
  atMs: 0,
  processors: 2,
  cpu: { busy: 100, total: 1_000 },
  memory: { totalBytes: 1_000, availableBytes: 250 },
  load: 1,
  disk: { readBytes: 0, writtenBytes: 0 },
  network: { receivedBytes: 0, sentBytes: 0 },
  diskSpace: { totalBytes: 100, availableBytes: 40 },
  ...change,
});

const ofMetric = (figures: readonly Figure[], metric: string) => figures.find((figure) => figure.metric === metric);

describe('a counter', () => {
  it('grows, wraps at 32 bits, or began anew', () => {
    expect(growthOf(10, 15)).toBe(5);
    expect(growthOf(2 ** 32 - 10, 5)).toBe(15);
    expect(growthOf(2 ** 31, 5)).toBeUndefined();
    expect(growthOf(2 ** 40, 5)).toBeUndefined();
  });

  it('never grows by less than nothing', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 2 ** 40 }),
        fc.nat({ max: 2 ** 40 }),
        (before, now) => (growthOf(before, now) ?? 0) >= 0,
      ),
    );
  });

  it('has a rate only if time went by', () => {
    expect(ratePerSecond(0, 500, 250)).toBe(2_000);
    expect(ratePerSecond(0, 500, 0)).toBeUndefined();
    expect(ratePerSecond(500, 0, 100)).toBeUndefined();
  });
});

describe('figures of the machine', () => {
  it('tells levels at once and rates from the second reading on', () => {
    const first = hostFigures(undefined, host());
    expect(first.map((figure) => figure.metric)).toEqual([
      'cpu.load_1m_per_core',
      'memory.used_ratio',
      'memory.available_bytes',
      'disk.used_ratio',
      'disk.available_bytes',
    ]);
    const second = hostFigures(
      host(),
      host({
        atMs: 500,
        cpu: { busy: 250, total: 1_200 },
        disk: { readBytes: 1_024, writtenBytes: 0 },
        network: { receivedBytes: 100, sentBytes: 50 },
      }),
    );
    expect(second).toHaveLength(10);
    expect(ofMetric(second, 'cpu.utilization')).toEqual({ metric: 'cpu.utilization', value: 0.75, unit: 'ratio' });
    expect(ofMetric(second, 'memory.used_ratio')?.value).toBe(0.75);
    expect(ofMetric(second, 'disk.used_ratio')?.value).toBe(0.6);
    expect(ofMetric(second, 'disk.read_bytes_per_s')?.value).toBe(2_048);
    expect(ofMetric(second, 'network.rx_bytes_per_s')?.value).toBe(200);
  });

  it('is silent about what cannot be known', () => {
    const blind = host({
      cpu: undefined,
      memory: undefined,
      load: undefined,
      disk: undefined,
      network: undefined,
      diskSpace: { totalBytes: 0, availableBytes: 0 },
    });
    expect(hostFigures(host(), blind).map((figure) => figure.metric)).toEqual(['disk.available_bytes']);
    expect(ofMetric(hostFigures(host(), host({ atMs: 1 })), 'cpu.utilization')).toBeUndefined();
  });

  it('keeps utilization between 0 and 1', () => {
    const now = host({ atMs: 1, cpu: { busy: 90, total: 1_001 } });
    expect(ofMetric(hostFigures(host(), now), 'cpu.utilization')?.value).toBe(0);
  });
});

describe('figures of the process', () => {
  const reading = (change: Partial<ProcessReading> = {}): ProcessReading => ({
    atMs: 0,
    cpuMs: 100,
    rssBytes: 1,
    heapUsedBytes: 1,
    uptimeSeconds: 1,
    openFiles: undefined,
    eventLoop: { delayP50Ms: 0.12345, delayP99Ms: 2, delayMaxMs: 3, utilization: 0.5 },
    ...change,
  });

  it('tells its share of a processor from two readings', () => {
    expect(ofMetric(processFigures(undefined, reading()), 'process.cpu_utilization')).toBeUndefined();
    expect(ofMetric(processFigures(reading(), reading()), 'process.cpu_utilization')).toBeUndefined();
    const figures = processFigures(reading(), reading({ atMs: 200, cpuMs: 400 }));
    expect(ofMetric(figures, 'process.cpu_utilization')?.value).toBe(1.5);
    expect(ofMetric(figures, 'eventloop.delay_p50_ms')?.value).toBe(0.1235);
    expect(ofMetric(figures, 'process.open_files')).toBeUndefined();
  });
});
