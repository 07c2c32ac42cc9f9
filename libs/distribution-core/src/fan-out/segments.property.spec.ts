import fc from 'fast-check';
import { decodeEventBatch, densePositions, encodeEventBatch } from '../event-batch.js';
import { BEFORE_FIRST, positionOfOffset } from '../position.js';
import { noMetrics } from '../ports/metrics.port.js';
import { events } from '../testing/builders.js';
import { MemoryBudget } from './memory-budget.js';
import { Segments } from './segments.js';

const lane = { topic: 't', partition: 0, epoch: 'e' };
const batchAt = (offset: number, count: number, appendedMicros = offset) =>
  decodeEventBatch(lane, densePositions(offset, count), encodeEventBatch(events(count), appendedMicros));

describe('the segments of a lane', () => {
  it('give every reader a gapless sequence, or say that they do not hold its position', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ kind: fc.constant('drop' as const), count: fc.constant(1) }),
      fc.record({ kind: fc.constant('read' as const), count: fc.nat(200) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const segments = new Segments(BEFORE_FIRST);
        let next = 0;
        let firstHeld = 0;
        const counts: number[] = [];
        for (const { kind, count } of steps) {
          if (kind === 'append') {
            segments.append(batchAt(next, count), undefined);
            counts.push(count);
            next += count;
          } else if (kind === 'drop') {
            const dropped = counts.shift();
            expect(segments.dropOldest() > 0).toBe(dropped !== undefined);
            firstHeld += dropped ?? 0;
          } else {
            const from = Math.min(count, next);
            const position = from === 0 ? BEFORE_FIRST : positionOfOffset(from - 1);
            const isHeld = from >= firstHeld;
            expect(segments.holds(position)).toBe(isHeld);
            if (!isHeld) continue;
            const read: string[] = [];
            for (const { batch } of segments.after(position)) {
              for (let index = batch.positions.indexAfter(position); index < batch.count; index++) {
                read.push(batch.positions.at(index));
              }
            }
            expect(read).toEqual(Array.from({ length: next - from }, (_, index) => positionOfOffset(from + index)));
          }
        }
        expect(segments.end).toBe(next === 0 ? BEFORE_FIRST : positionOfOffset(next - 1));
      }),
    );
  });

  it('start anew after a hole', () => {
    const segments = new Segments(BEFORE_FIRST);
    segments.append(batchAt(0, 3), undefined);
    segments.restartAt(positionOfOffset(9));
    expect(segments.holds(positionOfOffset(2))).toBe(false);
    expect(segments.bytes).toBe(0);
    expect(segments.dropOldest()).toBe(0);
  });
});

describe('the memory budget', () => {
  it('makes the lane with the oldest segment give first, and never holds more than its limit', () => {
    const [one, other] = [new Segments(BEFORE_FIRST), new Segments(BEFORE_FIRST)];
    const size = one.append(batchAt(0, 1, 5), undefined).bytes;
    const budget = new MemoryBudget(size * 2, noMetrics.gauge('', ''));
    budget.add(one);
    budget.add(other);
    budget.grewBy(other.append(batchAt(0, 1, 3), undefined).bytes);
    budget.grewBy(one.append(batchAt(1, 1, 9), undefined).bytes);
    expect(other.oldest).toBeUndefined();
    expect(one.bytes).toBe(size * 2);
    budget.remove(one);
    budget.grewBy(0);
  });
});
