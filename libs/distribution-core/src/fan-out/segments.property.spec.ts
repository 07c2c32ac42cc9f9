import fc from 'fast-check';
import { decodeEventBatch, densePositions, encodeEventBatch } from '../event-batch.js';
import { BEFORE_FIRST, positionOfOffset } from '../position.js';
import { noMetrics } from '../ports/metrics.port.js';
import { anEvent, events } from '../testing/builders.js';
import { memoryInUse } from '../testing/memory-in-use.js';
import { MemoryBudget } from './memory-budget.js';
import { Segments } from './segments.js';

const lane = { topic: 't', partition: 0, epoch: 'e' };
const batchAt = (offset: number, count: number, appendedMicros = offset) =>
  decodeEventBatch(lane, densePositions(offset, count), encodeEventBatch(events(count), appendedMicros));

describe('the segments of a lane', () => {
  it('give every reader a gapless sequence, or say that they do not hold its position', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 20, max: 80 }));
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), count: size, copies: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), count: fc.constant(1) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), count: fc.nat(600) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const segments = new Segments(BEFORE_FIRST);
        const copies = new Set<string>();
        let bytes = 0;
        let next = 0;
        for (const step of steps) {
          if (step.kind === 'append') {
            const skip = step.copies ? new Uint8Array(step.count) : undefined;
            if (skip !== undefined) skip[0] = copies.add(positionOfOffset(next)).size > 0 ? 1 : 0;
            bytes += segments.append(batchAt(next, step.count), skip);
            next += step.count;
          } else if (step.kind === 'drop') {
            const { start, oldest } = segments;
            const freed = segments.dropOldest();
            bytes -= freed;
            expect(freed > 0).toBe(oldest !== undefined);
            expect(segments.start).toBe(oldest?.batch.lastPosition ?? start);
          } else {
            const from = Math.min(step.count, next);
            const position = from === 0 ? BEFORE_FIRST : positionOfOffset(from - 1);
            expect(segments.holds(position)).toBe(position >= segments.start);
            if (!segments.holds(position)) continue;
            const read: string[] = [];
            for (const { batch, skip } of segments.after(position)) {
              for (let index = batch.positions.indexAfter(position); index < batch.count; index++) {
                read.push(batch.positions.at(index));
                expect(skip?.[index] === 1).toBe(copies.has(batch.positions.at(index)));
              }
            }
            expect(read).toEqual(Array.from({ length: next - from }, (_, index) => positionOfOffset(from + index)));
          }
          expect(segments.bytes).toBe(bytes);
        }
        expect(segments.end).toBe(next === 0 ? BEFORE_FIRST : positionOfOffset(next - 1));
      }),
    );
  });

  it('hold ten thousand events that came one by one in a few hundred batches', () => {
    const segments = new Segments(BEFORE_FIRST);
    for (let offset = 0; offset < 10_000; offset++) segments.append(batchAt(offset, 1), undefined);
    expect([...segments.newestFirst()].length).toBeLessThan(300);
  });

  it('keep no memory of what was dropped', () => {
    const large = encodeEventBatch([anEvent({ value: { text: 'x'.repeat(256 * 1024) } })], 0);
    const before = memoryInUse();
    const segments = new Segments(BEFORE_FIRST);
    for (let offset = 0; offset < 100; offset++) {
      segments.append(decodeEventBatch(lane, densePositions(offset, 1), Buffer.from(large)), undefined);
    }
    expect(memoryInUse() - before).toBeGreaterThan(75 * large.length);
    while (segments.dropOldest() > 0);
    expect(memoryInUse() - before).toBeLessThan(10 * large.length);
    expect(segments.oldest).toBeUndefined();
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
    const size = one.append(batchAt(0, 1, 5), undefined);
    const budget = new MemoryBudget(size * 2, noMetrics.gauge('', ''));
    budget.add(one);
    budget.add(other);
    budget.grewBy(other.append(batchAt(0, 1, 3), undefined));
    budget.grewBy(one.append(batchAt(1, 1, 9), undefined));
    expect(other.oldest).toBeUndefined();
    expect(one.bytes).toBe(size * 2);
    budget.remove(one);
    budget.grewBy(0);
  });
});
