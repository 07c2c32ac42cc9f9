import { EventEmitter } from 'node:events';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { noLogger } from '../logging/logger.js';
import { canFollow } from './lifecycle-state.js';
import { Lifecycle, type StepReport } from './lifecycle.js';
import { drainOnSignals } from './signals.js';

const never = () => new Promise<void>(() => undefined);

describe('Lifecycle', () => {
  let clock: FakeClock;
  let done: string[];
  let lifecycle: Lifecycle;
  const step = (name: string, run?: () => Promise<void>, deadlineMs = 100) => ({
    name,
    deadlineMs,
    run: async () => {
      done.push(name);
      await run?.();
    },
  });

  beforeEach(() => {
    clock = new FakeClock();
    done = [];
    lifecycle = new Lifecycle(clock, noLogger, 1_000);
  });

  it('starts step by step, and is ready then', async () => {
    lifecycle.onStart(step('one'));
    lifecycle.onStart(step('two'));
    expect(lifecycle.state).toBe('starting');
    await lifecycle.start();
    expect(done).toEqual(['one', 'two']);
    expect(lifecycle.state).toBe('ready');
    expect(clock.pendingAlarms).toBe(0);
  });

  it('drains in the order in which the steps were added, whoever asks, once', async () => {
    lifecycle.onDrain(step('stop intake'));
    lifecycle.onDrain(step('flush'));
    await lifecycle.start();
    const first = lifecycle.drain('test');
    expect(lifecycle.state).toBe('draining');
    expect(lifecycle.drain('again')).toBe(first);
    expect((await first).map(({ name, outcome }) => [name, outcome])).toEqual([
      ['stop intake', 'done'],
      ['flush', 'done'],
    ]);
    expect(lifecycle.state).toBe('stopped');
    expect(done).toEqual(['stop intake', 'flush']);
  });

  it('drains what was started when a start step fails, and says which', async () => {
    const cause = new Error('no disk');
    lifecycle.onStart(step('open', () => Promise.reject(cause)));
    lifecycle.onStart(step('listen'));
    lifecycle.onDrain(step('close'));
    await expect(lifecycle.start()).rejects.toMatchObject({ message: 'the start step open failed', cause });
    expect(done).toEqual(['open', 'close']);
    expect(lifecycle.state).toBe('stopped');
  });

  it('does not wait for a start step beyond its deadline', async () => {
    lifecycle.onStart(step('open', never, 50));
    const started = lifecycle.start();
    await until('the step', () => done.length === 1 && clock.pendingAlarms === 1);
    clock.advance(50);
    await expect(started).rejects.toThrow('the start step open took too long');
  });

  it('does not become ready when it is told to stop while it starts', async () => {
    let finish = () => undefined as void;
    lifecycle.onStart(step('open', () => new Promise((resolve) => (finish = resolve))));
    lifecycle.onStart(step('listen'));
    const started = lifecycle.start();
    await until('the step', () => done.length === 1);
    await lifecycle.drain('SIGTERM');
    finish();
    await started;
    expect(done).toEqual(['open']);
    expect(lifecycle.state).toBe('stopped');
  });

  it('goes on with the next step when one hangs or fails', async () => {
    lifecycle.onDrain(step('hang', never, 30));
    lifecycle.onDrain(step('fail', () => Promise.reject(new Error('x'))));
    lifecycle.onDrain(step('last'));
    await lifecycle.start();
    const drained = lifecycle.drain('test');
    await until('the step', () => done.includes('hang'));
    clock.advance(30);
    expect(await drained).toEqual([
      { name: 'hang', outcome: 'timed_out', tookMs: 30 },
      { name: 'fail', outcome: 'failed', tookMs: 0 },
      { name: 'last', outcome: 'done', tookMs: 0 },
    ]);
  });

  it('gives all drain steps together no more than the total', async () => {
    lifecycle.onDrain(step('first', never, 900));
    lifecycle.onDrain(step('second', never, 900));
    await lifecycle.start();
    const drained = lifecycle.drain('test');
    await until('the first', () => done.length === 1);
    clock.advance(900);
    await until('the second', () => done.length === 2);
    clock.advance(100);
    expect((await drained).map(({ tookMs }) => tookMs)).toEqual([900, 100]);
  });

  it('knows which state may follow which', async () => {
    expect(canFollow('starting', 'ready')).toBe(true);
    expect(canFollow('ready', 'starting')).toBe(false);
    expect(canFollow('stopped', 'ready')).toBe(false);
    await lifecycle.drain('early');
    expect(lifecycle.state).toBe('stopped');
  });
});

describe('drainOnSignals', () => {
  class Source extends EventEmitter {
    readonly exits: number[] = [];
    exit(code: number): void {
      this.exits.push(code);
    }
  }
  const report = (outcome: StepReport['outcome']): StepReport => ({ name: 'a', outcome, tookMs: 0 });

  it.each([
    ['done', 0],
    ['timed_out', 1],
    ['failed', 1],
  ] as const)('drains on the first signal; a step that is %s means exit %i', async (outcome, code) => {
    const source = new Source();
    const reasons: string[] = [];
    drainOnSignals(source, {
      drain: (reason) => {
        reasons.push(reason);
        return Promise.resolve([report(outcome)]);
      },
    });
    source.emit('SIGTERM');
    await until('the exit', () => source.exits.length > 0);
    expect([reasons, source.exits]).toEqual([['SIGTERM'], [code]]);
  });

  it('exits at once on the second signal', () => {
    const source = new Source();
    drainOnSignals(source, { drain: () => new Promise(() => undefined) });
    source.emit('SIGINT');
    expect(source.exits).toEqual([]);
    source.emit('SIGTERM');
    expect(source.exits).toEqual([1]);
  });

  it('can be taken back', () => {
    const source = new Source();
    drainOnSignals(source, { drain: () => Promise.resolve([]) })();
    expect(source.listenerCount('SIGTERM') + source.listenerCount('SIGINT')).toBe(0);
  });
});
