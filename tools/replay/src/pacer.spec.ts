import { FakeClock, until } from '@distributary/distribution-core/testing';
import type { ClientClock } from 'distributary';
import type { ReplayedEvent } from './column-map.js';
import { Pacer, pause } from './pacer.js';
import type { ReplayedRow } from './posting.js';
import { replay } from './replay.js';

const START = Date.parse('2025-06-21T09:30:00Z');

describe('the pace of a replay', () => {
  it('is that of the recording, divided by the speed', () => {
    const clock = new FakeClock();
    const pacer = new Pacer(clock, 10);
    expect(pacer.waitMs(START)).toBe(0);
    expect(pacer.waitMs(START + 5_000)).toBe(500);
    clock.advance(300);
    expect(pacer.waitMs(START + 5_000)).toBe(200);
    clock.advance(1_000);
    expect(pacer.waitMs(START + 5_000)).toBe(0);
  });

  it('gathers what is due within twenty milliseconds, and never goes back', () => {
    const pacer = new Pacer(new FakeClock(), 1);
    expect(pacer.waitMs(START)).toBe(0);
    expect(pacer.waitMs(START + 19)).toBe(0);
    expect(pacer.waitMs(START + 21)).toBe(20);
    expect(pacer.waitMs(START + 5)).toBe(20);
    expect(pacer.waitMs(undefined)).toBe(20);
  });

  it('is none at the speed "max"', () => {
    const pacer = new Pacer(new FakeClock(), Number.POSITIVE_INFINITY);
    expect([START, START + 1e9, undefined].map((ms) => pacer.waitMs(ms))).toEqual([0, 0, 0]);
  });

  it('sends rows together that are due together, and no earlier', async () => {
    const clock = new FakeClock();
    const sent: { atMs: number; rows: number[] }[] = [];
    const times = [0, 1, 5, 1_000, 1_001, 60_000];
    const eventOf = ({ number }: { readonly number: number }): ReplayedEvent => ({
      event_id: String(number),
      data_type: 'TRADE',
      data: { timestamp: new Date(START + times[number - 1]).toISOString() },
      metadata: { source: 's', replayed: true },
    });
    async function* rows() {
      yield await Promise.resolve(times.map((_, index) => ({ number: index + 1, values: [] })));
    }
    const posting = {
      send: (batch: readonly ReplayedRow[]) => {
        sent.push({ atMs: clock.monotonicMs(), rows: batch.map(({ number }) => number) });
        return Promise.resolve(true);
      },
    };
    const stop = new AbortController();
    const pacer = new Pacer(clock, 1);
    const parts = {
      rows: rows(),
      eventOf,
      pacer,
      fromRow: 1,
      posting,
      clock,
      stop: stop.signal,
      onBatch: () => undefined,
    };
    const replaying = replay(parts);
    await until('two batches', () => {
      clock.advance(10);
      return sent.length === 2;
    });
    expect(sent.map(({ rows: each }) => each)).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    expect(sent[1].atMs - sent[0].atMs).toBe(1_000);
    // The last one is a minute away: told to stop, it is not waited for.
    stop.abort();
    await replaying;
    expect(sent).toHaveLength(2);
  });

  it('waits until it is told to stop', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const waiting = pause(clock, 1_000, stop.signal);
    stop.abort();
    await waiting;
    expect(clock.pendingAlarms).toBe(0);
    await pause(clock, 1_000, stop.signal);
  });

  it('lasts as long as it should, also beyond what a timer can be set for', async () => {
    const clock = new FakeClock();
    const node: ClientClock = {
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, callback) => clock.after(delayMs > 2 ** 31 - 1 ? 1 : delayMs, callback),
    };
    let isOver = false;
    const days = (count: number) => count * 24 * 3_600_000;
    void pause(node, days(60), new AbortController().signal).then(() => (isOver = true));
    clock.advance(days(60) - 1);
    await Promise.resolve();
    expect(isOver).toBe(false);
    clock.advance(1);
    await Promise.resolve();
    expect(isOver).toBe(true);
  });
});
