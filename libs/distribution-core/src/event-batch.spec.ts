import { decodeEventBatch, densePositions, encodeEventBatch, ROUTING_KEY } from './event-batch.js';
import { positionOfOffset } from './position.js';
import { anEvent } from './testing/builders.js';

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
  });

  it('finds the first event after a position', () => {
    expect(batch.positions.indexAfter('')).toBe(0);
    expect(batch.positions.indexAfter(positionOfOffset(7))).toBe(1);
    expect(batch.positions.indexAfter(positionOfOffset(100))).toBe(3);
    expect(batch.lastPosition).toBe(positionOfOffset(9));
  });
});
