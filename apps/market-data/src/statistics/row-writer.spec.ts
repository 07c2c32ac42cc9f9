import { DistributionError, invalidRequest, noMetrics } from '@distributary/distribution-core';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { RowWriter } from './row-writer.js';

function aWriter(options: { readonly capacity?: number; readonly batch?: number } = {}) {
  const clock = new FakeClock();
  const written: number[][] = [];
  const counts: Record<string, number> = { statistics_rows_dropped_total: 0, statistics_rows_written_total: 0 };
  const errors: unknown[] = [];
  const world = { clock, written, counts, errors, answer: (): Promise<void> => Promise.resolve() };
  const writer = new RowWriter<number>({
    ...options,
    table: 't',
    clock,
    metrics: { ...noMetrics, counter: (name) => ({ add: (amount = 1) => void (counts[name] += amount) }) },
    onError: (error) => errors.push(error),
    write: async (rows) => {
      await world.answer();
      written.push([...rows]);
    },
  });
  return { ...world, world, writer };
}
const away = () => Promise.reject(new DistributionError('store.unavailable', 'away'));

describe('a writer of rows', () => {
  it('writes what was added together, so many rows at a time', async () => {
    const { writer, clock, written } = aWriter({ batch: 3 });
    for (let row = 0; row < 7; row++) writer.add(row);
    expect(written).toEqual([]);
    clock.advance(1_000);
    await until('written', () => written.length === 3);
    expect(written).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    await until('at rest', () => clock.pendingAlarms === 0);
    writer.add(7);
    clock.advance(1_000);
    await until('written', () => written.length === 4);
    await writer.stop();
  });

  it('drops and counts what it does not hold, and whoever adds it does not wait', async () => {
    const { writer, counts, written } = aWriter({ capacity: 5 });
    for (let row = 0; row < 12; row++) writer.add(row);
    expect(counts.statistics_rows_dropped_total).toBe(7);
    await writer.stop();
    expect(written).toEqual([[0, 1, 2, 3, 4]]);
    writer.add(99);
    expect(counts).toEqual({ statistics_rows_dropped_total: 8, statistics_rows_written_total: 5 });
  });

  it('keeps what the database could not take for when it is back', async () => {
    const { writer, world, clock, written, errors } = aWriter();
    world.answer = away;
    writer.add(1);
    clock.advance(1_000);
    await until('failed and tried later', () => errors.length === 1 && clock.pendingAlarms === 1);
    world.answer = () => Promise.resolve();
    writer.add(2);
    clock.advance(1_000);
    await until('written', () => written.length === 1);
    expect(written).toEqual([[1, 2]]);
    await writer.stop();
  });

  it('drops what the database refuses, and goes on with the rest', async () => {
    const { writer, world, counts, written } = aWriter({ batch: 2 });
    let calls = 0;
    world.answer = async () => {
      if (calls++ === 0) throw invalidRequest([{ path: 'timestamp', rule: 'must be of a chunk' }]);
    };
    for (let row = 0; row < 4; row++) writer.add(row);
    await writer.stop();
    expect(written).toEqual([[2, 3]]);
    expect(counts).toEqual({ statistics_rows_dropped_total: 2, statistics_rows_written_total: 2 });
  });

  it('does not wait for a database that is away when it stops', async () => {
    const { writer, world, counts } = aWriter();
    world.answer = away;
    writer.add(1);
    await writer.stop();
    expect(counts.statistics_rows_dropped_total).toBe(1);
  });
});
