import { FakeClock, settle, until } from '@distributary/distribution-core/testing';
import { noLogger } from '../logging/logger.js';
import { ProcessPool } from './process-pool.js';
import type { Side, StartedProcess } from './process-seat.js';
import { RestartPause } from './restart-pause.js';

/** A process of which the test says when it is ready and when it ends. */
class FakeProcess implements StartedProcess {
  readonly asked: string[] = [];
  ready: Promise<void>;
  ended: Promise<string>;
  becomeReady: () => void = () => undefined;
  end: (reason: string) => void = () => undefined;
  endsWhenAsked = true;

  constructor(
    readonly name: string,
    readonly pid: number,
    readonly side: Side,
  ) {
    this.ready = new Promise((resolve) => (this.becomeReady = resolve));
    this.ended = new Promise((resolve) => (this.end = resolve));
  }

  drain(): void {
    this.asked.push('drain');
    if (this.endsWhenAsked) this.end('exit 0');
  }

  reload(): void {
    this.asked.push('reload');
  }

  kill(): void {
    this.asked.push('kill');
    this.end('SIGKILL');
  }
}

describe('ProcessPool', () => {
  let clock: FakeClock;
  let started: FakeProcess[];
  /** So many starts are refused from now on. */
  let refusals: number;
  const poolOf = (...names: string[]) =>
    new ProcessPool(
      names.map((name) => ({
        name,
        start: (side) => {
          if (refusals > 0) {
            refusals--;
            throw new Error('spawn ENOMEM');
          }
          const process = new FakeProcess(name, started.length + 1, side);
          started.push(process);
          return process;
        },
      })),
      { clock, logger: noLogger, readyWithinMs: 1_000, drainWithinMs: 500 },
    );
  const nth = (count: number) => until(`process ${count}`, () => started[count - 1]);
  /** Ready as soon as they are there. */
  const running = async (...names: string[]) => {
    const pool = poolOf(...names);
    const done = pool.start();
    for (let count = 1; count <= names.length; count++) (await nth(count)).becomeReady();
    await done;
    return pool;
  };

  beforeEach(() => {
    clock = new FakeClock();
    started = [];
    refusals = 0;
  });

  it('starts the others when the first is ready', async () => {
    const pool = poolOf('a', 'b', 'c');
    const done = pool.start();
    const first = await nth(1);
    await settle(clock);
    expect(started).toHaveLength(1);
    first.becomeReady();
    (await nth(3)).becomeReady();
    started[1].becomeReady();
    await done;
    expect(pool.pids).toEqual([1, 2, 3]);
    expect(clock.pendingAlarms).toBe(0);
  });

  it('leaves nothing running when one does not start', async () => {
    const done = poolOf('a', 'b').start();
    const first = await nth(1);
    first.becomeReady();
    (await nth(2)).end('exit 1');
    await expect(done).rejects.toThrow('the process b did not start: exit 1');
    expect(first.asked).toEqual(['drain']);
  });

  it('kills one that is not ready in time', async () => {
    const done = poolOf('a').start();
    const first = await nth(1);
    await until('the alarm', () => clock.pendingAlarms === 1);
    clock.advance(1_000);
    await expect(done).rejects.toThrow('was not ready within 1000 ms');
    expect(first.asked[0]).toBe('kill');
  });

  it('starts another one when one ends by itself, after pauses that grow', async () => {
    const pool = await running('a', 'b');
    for (const [index, pauseMs] of [100, 200, 400].entries()) {
      started[index === 0 ? 0 : index + 1].end('SIGKILL');
      await until('the pause', () => clock.pendingAlarms > 0 && pool.pids[0] === undefined);
      clock.advance(pauseMs - 1);
      expect(started).toHaveLength(index + 2);
      clock.advance(1);
      (await nth(index + 3)).becomeReady();
      await until('ready', () => clock.pendingAlarms === 0);
    }
    expect(pool.pids).toEqual([5, 2]);
    expect(new Set(started.map(({ side }) => side))).toEqual(new Set(['a']));
  });

  it('goes on trying when the new one is not ready in time either', async () => {
    const pool = await running('a');
    started[0].end('SIGKILL');
    await until('the pause', () => clock.pendingAlarms === 1);
    clock.advance(100);
    const second = await nth(2);
    await until('its deadline', () => clock.pendingAlarms === 1);
    clock.advance(1_000);
    await until('killed', () => second.asked.includes('kill'));
    await until('the next pause', () => clock.pendingAlarms === 1);
    clock.advance(200);
    (await nth(3)).becomeReady();
    await until('ready', () => clock.pendingAlarms === 0);
    expect(pool.pids).toEqual([3]);
  });

  it('goes on trying when the new one cannot be started at all', async () => {
    const pool = await running('a');
    refusals = 2;
    started[0].end('SIGKILL');
    for (const pauseMs of [100, 200, 400]) {
      await until('the pause', () => clock.pendingAlarms === 1);
      clock.advance(pauseMs - 1);
      expect(started).toHaveLength(1);
      clock.advance(1);
    }
    (await nth(2)).becomeReady();
    await until('ready', () => clock.pendingAlarms === 0);
    expect([pool.pids, refusals]).toEqual([[2], 0]);
  });

  it('does not start when the first one cannot be started', async () => {
    refusals = 1;
    await expect(poolOf('a').start()).rejects.toThrow('ENOMEM');
    expect(clock.pendingAlarms).toBe(0);
  });

  it('replaces one after another: the old one drains when the new one is ready', async () => {
    const pool = await running('a', 'b');
    const restarted = pool.restart();
    expect(pool.restart()).toBe(restarted);
    const successor = await nth(3);
    await settle(clock);
    expect([started[0].asked, started.length]).toEqual([[], 3]);
    successor.becomeReady();
    (await nth(4)).becomeReady();
    expect(started[0].asked).toEqual(['drain']);
    await restarted;
    expect(started.map(({ name, side }) => name + side)).toEqual(['aa', 'ba', 'ab', 'bb']);
    expect(pool.pids).toEqual([3, 4]);
    expect(clock.pendingAlarms).toBe(0);
  });

  it('has all read their certificates again, one that starts as soon as it is ready', async () => {
    const pool = await running('a', 'b');
    const restarted = pool.restart();
    const successor = await nth(3);
    pool.reload();
    await settle(clock);
    expect(started.map(({ asked }) => asked)).toEqual([['reload'], ['reload'], []]);
    successor.becomeReady();
    await until('the signal', () => successor.asked.includes('reload'));
    (await nth(4)).becomeReady();
    await restarted;
  });

  it('keeps the old one when the new one does not start', async () => {
    const pool = await running('a', 'b');
    const restarted = pool.restart();
    (await nth(3)).end('exit 1');
    await expect(restarted).rejects.toThrow('the process a did not start: exit 1');
    expect(started[0].asked).toEqual([]);
    expect(pool.pids).toEqual([1, 2]);
  });

  it('kills one that does not drain in time', async () => {
    const pool = await running('a');
    started[0].endsWhenAsked = false;
    const stopped = pool.stop();
    clock.advance(500);
    await stopped;
    expect(started[0].asked).toEqual(['drain', 'kill']);
  });

  it('starts nothing any more when it stops, a pause notwithstanding', async () => {
    const pool = await running('a', 'b');
    started[0].end('SIGKILL');
    await until('the pause', () => clock.pendingAlarms === 1);
    const stopped = pool.stop();
    expect(pool.stop()).toBe(stopped);
    await stopped;
    await pool.restart();
    expect([clock.pendingAlarms, started.length, started[1].asked]).toEqual([0, 2, ['drain']]);
  });

  it('drains the successor as well when it is stopped in the middle of a restart', async () => {
    const pool = await running('a', 'b');
    const restarted = pool.restart();
    const successor = await nth(3);
    await Promise.all([pool.stop(), expect(restarted).rejects.toThrow('did not start')]);
    expect([started[0].asked[0], started[1].asked[0], successor.asked[0]]).toEqual(['drain', 'drain', 'drain']);
    expect([started.length, clock.pendingAlarms]).toEqual([3, 0]);
  });

  it('gives up a start that is under way when it is stopped', async () => {
    const pool = poolOf('a', 'b');
    const done = pool.start();
    const first = await nth(1);
    await pool.stop();
    await expect(done).rejects.toThrow('did not start');
    expect([first.asked[0], started.length]).toEqual(['drain', 1]);
  });
});

describe('RestartPause', () => {
  const limits = { firstPauseMs: 100, longestPauseMs: 500, wellAfterMs: 1_000 };

  it('doubles up to its bound', () => {
    const pause = new RestartPause(limits);
    expect([1, 2, 3, 4, 5].map(() => pause.after(10))).toEqual([100, 200, 400, 500, 500]);
  });

  it('begins anew after one that ran well', () => {
    const pause = new RestartPause(limits);
    expect([10, 10, 1_000, 10].map((ranMs) => pause.after(ranMs))).toEqual([100, 200, 100, 200]);
  });
});
