import type { MonitoringEventInput } from '@distributary/contracts';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { RecordingPublisher } from '../testing/published-events.js';
import { checkWithTimeout, type DependencyCheck } from './dependency-check.js';
import { InfrastructureMonitor } from './infrastructure-monitor.js';

describe('a dependency check', () => {
  it('is up with the time that it took, or with what it says itself', async () => {
    const clock = new FakeClock();
    const slow = checkWithTimeout({ name: 'a', check: () => Promise.resolve() }, clock, 1_000);
    clock.advance(12);
    expect(await slow).toEqual({ state: 'up', latencyMs: 12 });
    const own = { state: 'degraded', latencyMs: 3, detail: 'one replica' } as const;
    expect(await checkWithTimeout({ name: 'a', check: () => Promise.resolve(own) }, clock, 1_000)).toEqual(own);
    expect(clock.pendingAlarms).toBe(0);
  });

  it('is down when it fails, and does not tell why to the world', async () => {
    const clock = new FakeClock();
    const fail = () => {
      throw new Error('password=secret');
    };
    const down = { state: 'down', detail: 'the check failed' };
    expect(await checkWithTimeout({ name: 'a', check: fail }, clock, 1_000)).toEqual(down);
    expect(await checkWithTimeout({ name: 'a', check: () => Promise.reject(new Error('x')) }, clock, 1_000)).toEqual(
      down,
    );
  });

  it('is down when it does not answer', async () => {
    const clock = new FakeClock();
    const checked = checkWithTimeout({ name: 'a', check: () => new Promise(() => {}) }, clock, 1_000);
    clock.advance(1_000);
    expect(await checked).toEqual({ state: 'down', detail: 'no answer within 1000 ms' });
  });
});

describe('the infrastructure monitor', () => {
  it('tells a change at once and repeats what stays, every 30 s', async () => {
    const clock = new FakeClock();
    const published: MonitoringEventInput[] = [];
    let isUp = true;
    let checks = 0;
    const broker: DependencyCheck = {
      name: 'broker',
      check: () => {
        checks++;
        return isUp ? Promise.resolve({ latencyMs: 1.23456 }) : Promise.reject(new Error('away'));
      },
    };
    const monitor = new InfrastructureMonitor([broker], { add: (events) => void published.push(...events) }, clock);
    const tick = async () => {
      const before = checks;
      await until('one more check', () => {
        if (checks === before) clock.advance(5_000);
        return checks > before;
      });
    };
    expect(monitor.current()).toEqual([]);
    monitor.start();
    await tick();
    await until('up', () => published.length === 1);
    await tick();
    expect(published).toHaveLength(1);
    isUp = false;
    await tick();
    await until('down', () => published.length === 2);
    expect(monitor.current()).toEqual([{ component: 'broker', state: 'down', detail: 'the check failed' }]);
    await until('the repetition', async () => {
      await tick();
      return published.length === 3;
    });
    await monitor.stop();
    expect(clock.pendingAlarms).toBe(0);
    expect(published.map(({ data, metadata }) => [data.state, data.latency_ms, metadata.severity])).toEqual([
      ['up', 1.235, 'INFO'],
      ['down', undefined, 'CRITICAL'],
      ['down', undefined, 'CRITICAL'],
    ]);
    const between = Date.parse(published[2].timestamp as string) - Date.parse(published[1].timestamp as string);
    expect(between).toBeGreaterThanOrEqual(30_000);
    await expect(new RecordingPublisher().publish(published)).resolves.toEqual([]);
  });
});
