import { decodeEventBatch, densePositions, encodeEventBatch, ROUTING_KEY } from './event-batch.js';
import { positionOfOffset } from './position.js';
import { anEvent } from './testing/builders.js';
import { memoryInUse } from './testing/memory-in-use.js';

const lane = { topic: 'monitoring/alerts', partition: 0, epoch: 'e1' };

describe('an event batch', () => {
  const records = [
    anEvent({ eventId: 'a', routingKey: 'x.1', attributes: { severity: 'CRITICAL', level: 2 }, value: { n: 1 } }),
    anEvent({ eventId: 'b', routingKey: 'x.1', attributes: { severity: 'INFO' }, value: { n: 2 } }),
    anEvent({ eventId: 'c', routingKey: 'y', attributes: { up: true }, value: { text: 'ü,' } }),
  ];
  const batch = decodeEventBatch(lane, densePositions(7, 3), encodeEventBatch(records, 42));

  it('gives back every record as it was', () => {
    expect([0, 1, 2].map((index) => batch.recordAt(index))).toEqual(records);
    expect(batch.appendedMicros).toBe(42);
  });

  it('stores each distinct attribute value once', () => {
    expect(batch.column('severity')?.dictionary).toEqual(['CRITICAL', 'INFO']);
    expect([...batch.column('severity')!.index]).toEqual([1, 2, 0]);
    expect(batch.column(ROUTING_KEY)?.dictionary).toEqual(['x.1', 'y']);
  });

  it('gives neighbours as one slice of a JSON array', () => {
    expect(batch.runOf(1, 3).toString()).toBe('{"n":2},{"text":"ü,"},');
    expect(batch.listOf(1, 3).toString()).toBe('{"n":2},{"text":"ü,"}');
  });

  it('finds the first event after a position', () => {
    expect(batch.positions.indexAfter('')).toBe(0);
    expect(batch.positions.indexAfter(positionOfOffset(7))).toBe(1);
    expect(batch.positions.indexAfter(positionOfOffset(100))).toBe(3);
    expect(batch.lastPosition).toBe(positionOfOffset(9));
  });

  it('has the bytes of its values as they were published, without what lies between them', () => {
    expect(batch.valueBytes).toBe(records.reduce((sum, { value }) => sum + value.length, 0));
    expect(decodeEventBatch(lane, densePositions(0, 0), encodeEventBatch([], 42)).valueBytes).toBe(0);
  });

  it.each([
    [4_000, 1],
    [2_000, 10],
    [60, 500],
  ])('counts about the memory that it keeps alive: %i batches of %i events', (batches, events) => {
    const make = (number: number) =>
      decodeEventBatch(
        lane,
        densePositions(number * events, events),
        encodeEventBatch(
          Array.from({ length: events }, (_, index) =>
            anEvent({
              eventId: `event-${number}-${index}`,
              attributes: { severity: 'INFO', level: index % 3, source: 'a' },
              value: { text: 'x'.repeat(200) },
            }),
          ),
          42,
          // Not in the pool, where they would keep alive what lies beside them.
          (bytes) => Buffer.allocUnsafeSlow(bytes),
        ),
      );
    // What runs is compiled before it is measured.
    for (let number = 0; number < 50; number++) make(number);
    const before = memoryInUse();
    const kept = Array.from({ length: batches }, (_, number) => make(number));
    const grown = memoryInUse() - before;
    const counted = kept.reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(counted / grown).toBeGreaterThan(0.8);
    expect(counted / grown).toBeLessThan(1.4);
  });
});
