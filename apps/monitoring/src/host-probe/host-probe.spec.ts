import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DistributionError } from '@distributary/distribution-core';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { loadConfig, SystemClock } from '@distributary/distribution-nest';
import { RecordingPublisher } from '../testing/published-events.js';
import { hostProbeConfig } from './host-probe.config.js';
import { HostProbe } from './host-probe.js';
import { HostReader } from './host-reader.js';
import { ProcessReader } from './process-reader.js';

const options = { intervalMs: 1_000, hostname: 'node-1.example' };

describe('the host probe', () => {
  it('publishes real figures of this machine and process, on its schedule', async () => {
    const clock = new FakeClock();
    const publisher = new RecordingPublisher();
    const probe = new HostProbe(new HostReader(clock, tmpdir()), new ProcessReader(clock), publisher, clock, options);
    probe.start();
    clock.advance(1_000);
    const first = await until('the first sample', () => publisher.events.length > 0 && publisher.events.length);
    clock.advance(1_000);
    await until('the second sample', () => publisher.events.length > first);
    await probe.stop();
    expect(clock.pendingAlarms).toBe(0);

    const ofMetric = (name: string) => publisher.events.findLast((event) => event.data.metric_name === name);
    const used = ofMetric('memory.used_ratio')?.data.current_value as number;
    expect(used > 0 && used < 1).toBe(true);
    expect(ofMetric('process.rss_bytes')?.data.current_value).toBeGreaterThan(1_000_000);
    expect(ofMetric('eventloop.delay_p99_ms')?.data.current_value).toBeGreaterThanOrEqual(0);
    expect(ofMetric('disk.used_ratio')).toMatchObject({
      data_type: 'METRICS',
      data: { service_name: 'host', unit: 'ratio', labels: { host: 'node-1.example' } },
      routing: { routing_key: 'host.metric.node-1_example' },
      metadata: { source_service: 'monitoring-distribution' },
    });
    expect(ofMetric('process.rss_bytes')?.data.service_name).toBe('monitoring-distribution');
  });

  it('speaks of itself always, and of the machine where no other process of it does', async () => {
    const clock = new FakeClock();
    const publisher = new RecordingPublisher();
    let speaks = false;
    const shared = { ...options, processName: 'worker-2', speaksForHost: () => speaks };
    const probe = new HostProbe(new HostReader(clock, tmpdir()), new ProcessReader(clock), publisher, clock, shared);
    const services = () => new Set(publisher.events.map(({ data }) => data.service_name));
    await probe.sample();
    expect([...services()]).toEqual(['monitoring-distribution']);
    expect(publisher.events[0]).toMatchObject({
      data: { labels: { host: 'node-1.example', process: 'worker-2' } },
      routing: { routing_key: 'monitoring-distribution.metric.node-1_example-worker-2' },
    });
    speaks = true;
    await probe.sample();
    expect([...services()].sort()).toEqual(['host', 'monitoring-distribution']);
  });

  it('sees how late the event loop is', async () => {
    const clock = new SystemClock();
    const reader = new ProcessReader(clock);
    reader.start();
    const begin = clock.monotonicMs();
    await until('its timer to have run', () => clock.monotonicMs() - begin > 40);
    const blockedFrom = clock.monotonicMs();
    while (clock.monotonicMs() - blockedFrom < 120);
    const { eventLoop } = await reader.read();
    expect(eventLoop.delayMaxMs).toBeGreaterThan(60);
    expect(eventLoop.delayP99Ms).toBeGreaterThanOrEqual(eventLoop.delayP50Ms);
    reader.stop();
  });

  it('loses a sample that the broker does not take, and goes on', async () => {
    const clock = new FakeClock();
    const publisher = new RecordingPublisher();
    const lines: string[] = [];
    const log = { warn: (event: string) => void lines.push(event) };
    const probe = new HostProbe(
      new HostReader(clock, tmpdir()),
      new ProcessReader(clock),
      publisher,
      clock,
      options,
      log,
    );
    publisher.failure = new DistributionError('broker.unavailable', 'away');
    probe.start();
    clock.advance(1_000);
    await until('the failure', () => lines.length === 1);
    publisher.failure = undefined;
    clock.advance(1_000);
    await until('a sample', () => publisher.events.length > 0);
    await probe.stop();
  });

  it('works without /proc', async () => {
    const nowhere = await mkdtemp(path.join(tmpdir(), 'no-proc-'));
    const clock = new FakeClock();
    const reading = await new HostReader(clock, path.join(nowhere, 'missing'), nowhere).read();
    await rm(nowhere, { recursive: true });
    expect(reading.cpu?.total).toBeGreaterThan(0);
    expect(reading.memory?.totalBytes).toBeGreaterThan(0);
    expect(reading).toMatchObject({ disk: undefined, network: undefined, diskSpace: undefined });
    const own = await new ProcessReader(clock, path.join(nowhere, 'fd')).read();
    expect(own.openFiles).toBeUndefined();
  });

  it('takes its pace from the configuration', () => {
    expect(loadConfig({}, hostProbeConfig)).toEqual({ PROBE_INTERVAL_MS: 1000 });
    expect(() => loadConfig({ PROBE_INTERVAL_MS: '5' }, hostProbeConfig)).toThrow('PROBE_INTERVAL_MS');
  });
});
