import fc from 'fast-check';
import { decodeEventBatch, densePositions, encodeEventBatch } from '../event-batch.js';
import { events } from '../testing/builders.js';
import type { Run } from './outlet.js';
import { appendUnmarked, eventsOf, splitRuns } from './runs.js';

const batchOf = (count: number) =>
  decodeEventBatch(
    { topic: 't', partition: 0, epoch: 'e' },
    densePositions(0, count),
    encodeEventBatch(events(count), 0),
  );
const indexesOf = (runs: readonly Run[]) =>
  runs.flatMap((run) => Array.from({ length: run.to - run.from }, (_, at) => run.from + at));

describe('runs', () => {
  it('leave out what is marked as a copy when everything else matches', () => {
    const runs: Run[] = [];
    expect(appendUnmarked(runs, batchOf(5), Uint8Array.from([1, 0, 0, 1, 0]))).toBe(3);
    expect(indexesOf(runs)).toEqual([1, 2, 4]);
    const all: Run[] = [];
    expect(appendUnmarked(all, batchOf(5), undefined)).toBe(5);
    expect(indexesOf(all)).toEqual([0, 1, 2, 3, 4]);
  });

  it('are split by size without losing or reordering an event', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 200 }),
        (counts, maxBytes) => {
          const runs = counts.map((count) => ({ batch: batchOf(count), from: 0, to: count }));
          const groups = splitRuns(runs, maxBytes);
          expect(eventsOf(groups.flat())).toBe(eventsOf(runs));
          expect(indexesOf(groups.flat())).toEqual(indexesOf(runs));
          for (const group of groups) {
            const bytes = group.reduce((sum, run) => sum + run.batch.bytesOf(run.from, run.to), 0);
            expect(eventsOf(group) === 1 || bytes <= maxBytes).toBe(true);
          }
        },
      ),
    );
  });
});
