import type { MonitoringEventInput } from '@distributary/contracts';
import { type DeadLetterStore, noMetrics } from '@distributary/distribution-core';
import { FakeClock, settle } from '@distributary/distribution-core/testing';
import { DeadLetterWatch } from './dead-letter-watch.js';

describe('the watch over dead letters', () => {
  const clock = new FakeClock();
  const told: unknown[] = [];
  let growth = 0;
  let speaks = true;
  let prunes = 0;
  const store = {
    countDead: () => Promise.resolve([{ count: growth }]),
    prune: () => Promise.resolve(prunes++),
  } as unknown as DeadLetterStore;
  const watch = new DeadLetterWatch({
    store,
    outbox: {
      add: (events: readonly MonitoringEventInput[]) => void told.push(...events.map((e) => e.data.current_value)),
    },
    clock,
    metrics: noMetrics,
    retentionMs: 1_000,
    speaks: () => speaks,
  });
  beforeAll(() => watch.start());
  afterAll(() => watch.stop());
  async function look(): Promise<unknown[]> {
    told.length = 0;
    clock.advance(2_000);
    await settle(clock);
    return [...told];
  }

  it('tells of growth while there is some, and once that there is none any more', async () => {
    growth = 3;
    expect(await look()).toEqual([3]);
    expect(await look()).toEqual([3]);
    growth = 0;
    expect(await look()).toEqual([0]);
    expect(await look()).toEqual([]);
    expect(prunes).toBe(1);
  });

  it('says once that there is none when it takes over from another, who may have died before it did', async () => {
    speaks = false;
    growth = 2;
    expect(await look()).toEqual([]);
    growth = 0;
    speaks = true;
    expect(await look()).toEqual([0]);
    expect(await look()).toEqual([]);
  });
});
