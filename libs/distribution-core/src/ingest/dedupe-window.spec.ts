import fc from 'fast-check';
import { decodeEventBatch, densePositions, encodeEventBatch } from '../event-batch.js';
import { anEvent } from '../testing/builders.js';
import { DedupeWindow } from './dedupe-window.js';

const SECOND = 1_000_000;

describe('the dedupe window', () => {
  it('knows an id until two minutes of broker time have passed', () => {
    const window = new DedupeWindow();
    expect(window.seen('a', 0)).toBe(false);
    expect(window.seen('b', 0)).toBe(false);
    expect(window.seen('a', 120 * SECOND)).toBe(true);
    expect(window.seen('b', 120 * SECOND + 1)).toBe(false);
  });

  it('counts a copy as an event, so that readers who start later agree', () => {
    const window = new DedupeWindow({ windowMs: 1000 });
    window.seen('a', 0);
    expect(window.seen('a', 0.9 * SECOND)).toBe(true);
    expect(window.seen('a', 1.8 * SECOND)).toBe(true);
    expect(window.seen('a', 2.9 * SECOND)).toBe(false);
  });

  it('knows no more events than its limit', () => {
    const window = new DedupeWindow({ maxEvents: 3 });
    for (const id of ['a', 'b', 'c', 'd']) window.seen(id, 0);
    expect(window.size).toBe(3);
    expect(window.seen('a', 0)).toBe(false);
    expect(window.seen('d', 0)).toBe(true);
  });

  it('grows with what it holds and not beyond its limit', () => {
    const window = new DedupeWindow();
    expect(window.byteLength).toBeLessThanOrEqual(8192);
    for (let n = 0; n < 250_000; n++) window.seen(`order-${n}`, n);
    expect(window.size).toBe(100_000);
    expect(window.byteLength).toBeLessThan(4.2 * 1024 * 1024);
    expect(window.seen('order-150001', 250_000)).toBe(true);
    expect(window.seen('order-149999', 250_000)).toBe(false);
  });

  it('marks the copies of a batch, and says nothing if there are none', () => {
    const window = new DedupeWindow();
    const batchOf = (...ids: string[]) => {
      const records = ids.map((eventId) => anEvent({ eventId }));
      const lane = { topic: 't', partition: 0, epoch: 'e' };
      return decodeEventBatch(lane, densePositions(0, ids.length), encodeEventBatch(records, 5));
    };
    expect(window.markDuplicates(batchOf('a', 'b'))).toBeUndefined();
    expect([...(window.markDuplicates(batchOf('c', 'a', 'd', 'd')) as Uint8Array)]).toEqual([0, 1, 0, 1]);
  });

  it('says what a list of the last events says', () => {
    const event = fc.record({ id: fc.integer({ min: 0, max: 700 }).map((n) => `id-${n}`), pause: fc.nat({ max: 6 }) });
    const events = fc.array(event, { minLength: 200, maxLength: 1500, size: 'max' });
    fc.assert(
      fc.property(
        events,
        fc.integer({ min: 1, max: 900 }),
        fc.integer({ min: 1, max: 4 }),
        (run, maxEvents, windowMs) => {
          const window = new DedupeWindow({ maxEvents, windowMs });
          let model: { id: string; at: number }[] = [];
          let now = 0;
          for (const { id, pause } of run) {
            now += pause;
            model = model.slice(-maxEvents).filter(({ at }) => at >= now - windowMs * 1000);
            // The limit counts the events before this one, and makes room for it.
            const before = model.length >= maxEvents ? model.slice(1) : model;
            expect(window.seen(id, now)).toBe(before.some((known) => known.id === id));
            model = [...before, { id, at: now }];
          }
          expect(window.size).toBe(model.length);
        },
      ),
      { numRuns: 10 },
    );
  });
});
