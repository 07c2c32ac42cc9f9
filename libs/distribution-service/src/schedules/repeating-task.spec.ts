import { FakeClock } from '@distributary/distribution-core/testing';
import { RepeatingTask, Schedules } from './repeating-task.js';

describe('a repeating task', () => {
  it('runs at its pace, not before the first interval, not after stop', async () => {
    const clock = new FakeClock();
    let runs = 0;
    const task = new RepeatingTask('t', 1_000, clock, () => void runs++);
    task.start();
    task.start();
    clock.advance(999);
    expect(runs).toBe(0);
    clock.advance(1);
    await task.settled();
    clock.advance(1_000);
    await task.stop();
    clock.advance(10_000);
    expect(runs).toBe(2);
    expect(clock.pendingAlarms).toBe(0);
    task.start();
    clock.advance(1_000);
    await task.stop();
    expect(runs).toBe(3);
  });

  it('leaves out what would overlap, and stop waits for what is going on', async () => {
    const clock = new FakeClock();
    let release = () => {};
    let runs = 0;
    const task = new RepeatingTask('t', 10, clock, () => {
      runs++;
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    task.start();
    clock.advance(100);
    expect(runs).toBe(1);
    let isStopped = false;
    const stopped = task.stop().then(() => {
      isStopped = true;
    });
    await Promise.resolve();
    expect(isStopped).toBe(false);
    release();
    await stopped;
  });

  it('logs failures of both kinds and goes on', async () => {
    const clock = new FakeClock();
    const lines: unknown[] = [];
    let runs = 0;
    const fail = () => {
      if (++runs === 1) throw new Error('at once');
      return Promise.reject(new Error('later'));
    };
    const task = new RepeatingTask('probe', 10, clock, fail, {
      warn: (event, fields) => lines.push([event, fields?.schedule]),
    });
    task.start();
    for (let n = 0; n < 3; n++) {
      clock.advance(10);
      await task.settled();
    }
    await task.stop();
    expect(runs).toBe(3);
    expect(lines).toEqual(Array(3).fill(['schedule.failed', 'probe']));
  });

  it('is silent by default', async () => {
    const clock = new FakeClock();
    const task = new RepeatingTask('t', 10, clock, () => Promise.reject(new Error('x')));
    task.start();
    clock.advance(10);
    await task.stop();
  });
});

describe('schedules', () => {
  it('stop in reverse order of starting', async () => {
    const calls: string[] = [];
    const part = (name: string) => ({
      start: () => void calls.push(`start ${name}`),
      stop: () => Promise.resolve(void calls.push(`stop ${name}`)),
    });
    const all = new Schedules([part('a'), part('b')]);
    all.start();
    await all.stop();
    expect(calls).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });
});
