import type { EventBatch, EventRecord } from '@distributary/distribution-core';
import { anEvent, events } from '@distributary/distribution-core/testing';
import fc from 'fast-check';
import { eventBatch, marker, rawBatch } from '../testing/record-sets.js';
import { BatchSpace } from './batch-builder.js';
import { fetchedBatches } from './fetched-batches.js';
import { decodeForeign } from './foreign-record.js';
import type { AbortedTransaction } from './record-set.js';

const lane = { topic: 'orders', partition: 3, epoch: 'epoch' };
const read = (bytes: Buffer, from = 0, aborted: readonly AbortedTransaction[] = []) =>
  fetchedBatches(lane, bytes, aborted, from, new BatchSpace(), decodeForeign);
const idsOf = (batches: readonly EventBatch[]) => batches.flatMap((batch) => [...batch.eventIds]);
const recordsOf = (batches: readonly EventBatch[]): EventRecord[] =>
  batches.flatMap((batch) => Array.from({ length: batch.count }, (_, index) => batch.recordAt(index)));
const plain = (record: EventRecord) => ({ ...record, value: Buffer.from(record.value).toString() });

const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }));
const arbitraryRecord = fc.record(
  {
    eventId: text,
    timeMicros: fc.integer({ min: 0, max: 2 ** 52 }),
    routingKey: text,
    attributes: fc.dictionary(
      fc.string({ minLength: 1, maxLength: 8 }).filter((name) => name !== 'routing_key' && name !== '__proto__'),
      fc.oneof(
        text,
        fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
        fc.boolean(),
      ),
      { maxKeys: 5 },
    ),
    value: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    traceparent: fc.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
  },
  { requiredKeys: ['eventId', 'timeMicros', 'routingKey', 'attributes', 'value'] },
);

describe('events in an answer of Kafka', () => {
  it('are what was written, whatever is in them', () => {
    fc.assert(
      fc.property(fc.array(arbitraryRecord, { minLength: 1, maxLength: 20 }), (records) => {
        const { batches, next } = read(eventBatch(100, records));
        expect(recordsOf(batches).map(plain)).toEqual(records.map(plain));
        expect(next).toBe(100 + records.length);
      }),
    );
  });

  it('begin where the reader stands, in the midst of a batch too', () => {
    const bytes = Buffer.concat([eventBatch(10, events(5, 'a')), eventBatch(15, events(5, 'b'))]);
    const { batches } = read(bytes, 13);
    expect(idsOf(batches)).toEqual(['a-4', 'a-5', 'b-1', 'b-2', 'b-3', 'b-4', 'b-5']);
    expect(batches[0].positions.at(0)).toBe('1d');
  });

  it('of neighbouring appends become one batch, of distant ones several, each with the time of its first', () => {
    const bytes = Buffer.concat([
      eventBatch(0, events(2, 'a'), { timeMs: 1_000 }),
      eventBatch(2, events(1, 'b'), { timeMs: 1_009 }),
      eventBatch(3, events(1, 'c'), { timeMs: 1_011 }),
    ]);
    const { batches } = read(bytes);
    expect(batches.map((batch) => [batch.appendedMicros, batch.count])).toEqual([
      [1_000_000, 3],
      [1_011_000, 1],
    ]);
  });

  it('leave out a batch that the broker has cut', () => {
    const whole = eventBatch(0, events(3, 'a'));
    const cut = eventBatch(3, events(3, 'b'));
    for (const length of [1, 60, 61, cut.length - 1]) {
      const { batches, next } = read(Buffer.concat([whole, cut.subarray(0, length)]));
      expect([idsOf(batches), next]).toEqual([['a-1', 'a-2', 'a-3'], 3]);
    }
  });

  it('are refused when they were damaged on their way, or are of another format', () => {
    const damaged = eventBatch(0, events(3));
    damaged[damaged.length - 1] ^= 1;
    expect(() => read(damaged)).toThrow(RangeError);
    const old = eventBatch(0, events(3));
    old[16] = 1;
    expect(() => read(old)).toThrow('record format 1');
  });

  it('keep their offsets over holes that compaction has left', () => {
    const bytes = rawBatch(100, [
      { offsetDelta: 2, value: Buffer.from('{"n":1}') },
      { offsetDelta: 7, value: Buffer.from('{"n":2}') },
    ]);
    const [batch] = read(bytes).batches;
    expect([batch.positions.at(0), batch.positions.at(1)]).toEqual(['22u', '22z']);
    expect(batch.positions.indexAfter('22u')).toBe(1);
  });
});

describe('aborted transactions in an answer of Kafka', () => {
  const transactional = (producerId: number) => ({ producerId, producerEpoch: 0, sequence: 0, isTransactional: true });

  it('are left out, twice of one producer, and what it committed between them is there', () => {
    const bytes = Buffer.concat([
      eventBatch(0, events(2, 'first'), transactional(7)),
      marker(2, 7, 'abort'),
      eventBatch(3, events(1, 'kept'), transactional(7)),
      marker(4, 7, 'commit'),
      eventBatch(5, events(1, 'second'), transactional(7)),
      eventBatch(6, events(1, 'other'), transactional(8)),
      marker(7, 7, 'abort'),
      eventBatch(8, events(1, 'plain')),
      marker(9, 8, 'commit'),
    ]);
    const aborted = [
      { producerId: 7, firstOffset: 5 },
      { producerId: 7, firstOffset: 0 },
    ];
    const { batches, next, abortedEvents } = read(bytes, 0, aborted);
    expect([idsOf(batches), next, abortedEvents]).toEqual([['kept-1', 'other-1', 'plain-1'], 10, 3]);
  });

  it('are left out when the marker comes in a later answer, and when the answer begins within one', () => {
    const half = eventBatch(5, events(2, 'aborted'), transactional(7));
    expect(read(half, 5, [{ producerId: 7, firstOffset: 1 }])).toMatchObject({
      batches: [],
      next: 7,
      abortedEvents: 2,
    });
    const rest = Buffer.concat([marker(7, 7, 'abort'), eventBatch(8, events(1, 'kept'), transactional(7))]);
    expect(idsOf(read(rest, 7, [{ producerId: 7, firstOffset: 1 }]).batches)).toEqual(['kept-1']);
  });

  it('do not take along what the same producer wrote outside of transactions', () => {
    const bytes = eventBatch(0, events(1, 'plain'), { ...transactional(7), isTransactional: false });
    expect(idsOf(read(bytes, 0, [{ producerId: 7, firstOffset: 0 }]).batches)).toEqual(['plain-1']);
  });

  it('agree with the history of any mix of producers, wherever answers are cut', () => {
    const step = fc.record({ producer: fc.nat(2), kind: fc.constantFrom('write', 'write', 'abort', 'commit') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(30), (steps, cutAt) => {
        const batches: { readonly offset: number; readonly bytes: Buffer }[] = [];
        const open = new Map<number, { readonly first: number; readonly ids: string[] }>();
        const aborted: (AbortedTransaction & { readonly last: number })[] = [];
        const committed = new Map<string, number>();
        let offset = 0;
        for (const { producer, kind } of steps) {
          if (kind === 'write') {
            const eventId = `event-${offset}`;
            const transaction = open.get(producer) ?? { first: offset, ids: [] };
            open.set(producer, transaction);
            transaction.ids.push(eventId);
            batches.push({ offset, bytes: eventBatch(offset, [anEvent({ eventId })], transactional(producer)) });
          } else {
            const transaction = open.get(producer);
            if (transaction === undefined) continue;
            open.delete(producer);
            batches.push({ offset, bytes: marker(offset, producer, kind === 'abort' ? 'abort' : 'commit') });
            if (kind === 'abort') aborted.push({ producerId: producer, firstOffset: transaction.first, last: offset });
            else for (const id of transaction.ids) committed.set(id, offset);
          }
          offset++;
        }
        // Readers see what lies before the first open transaction.
        const stable = Math.min(offset, ...[...open.values()].map(({ first }) => first));
        const visible = batches.filter((batch) => batch.offset < stable);
        const cut = Math.min(cutAt, visible.length);
        const seen: string[] = [];
        for (const answer of [visible.slice(0, cut), visible.slice(cut)]) {
          if (answer.length === 0) continue;
          const from = answer[0].offset;
          // As brokers do it: those that reach into the answer.
          const named = aborted.filter(({ firstOffset, last }) => last >= from && firstOffset < stable);
          seen.push(...idsOf(read(Buffer.concat(answer.map(({ bytes }) => bytes)), from, named).batches));
        }
        const expected = batches
          .filter((batch) => batch.offset < stable && committed.has(`event-${batch.offset}`))
          .map((batch) => `event-${batch.offset}`);
        expect(seen).toEqual(expected);
      }),
    );
  });
});

describe('records that others wrote', () => {
  it('are events: their place is their id, their value a JSON object', () => {
    const bytes = rawBatch(40, [
      { key: Buffer.from('AAPL'), value: Buffer.from('{"price":1}'), timeDelta: 5 },
      { value: Buffer.from('[1,2]') },
      { value: Buffer.from([0xff, 0x00]) },
      { key: Buffer.from('gone') },
      { value: Buffer.from('{}'), headers: [['traceparent', Buffer.from('00-ab-cd-01')]] },
      { value: Buffer.from('{"a":"\xff"}', 'latin1') },
    ]);
    const found = recordsOf(read(bytes).batches).map(plain);
    expect(found.map(({ eventId }) => eventId)).toEqual([40, 41, 42, 43, 44, 45].map((offset) => `epoch-3-${offset}`));
    expect(found.map(({ value }) => value)).toEqual([
      '{"price":1}',
      '{"data":[1,2]}',
      '{"data_base64":"/wA="}',
      '{"data":null}',
      '{}',
      '{"data_base64":"eyJhIjoi/yJ9"}',
    ]);
    expect(found[0]).toMatchObject({ routingKey: 'AAPL', timeMicros: 1_005_000, attributes: {} });
    expect([found[1].routingKey, found[4].traceparent]).toEqual(['', '00-ab-cd-01']);
  });

  it.each([
    ['in nanoseconds', 1_750_500_000_000_000_000, 0],
    ['that is not known', -1, 0],
    ['at the end of the year 9999', 253_402_300_799_999, 253_402_300_799_999],
  ])('with a time %s have one that is a date', (_what, timeMs, dated) => {
    const { batches } = read(rawBatch(0, [{ value: Buffer.from('{}') }], timeMs));
    const [{ timeMicros }] = recordsOf(batches);
    expect([timeMicros, batches[0].appendedMicros]).toEqual([dated * 1_000, dated * 1_000]);
    expect(() => new Date(timeMicros / 1_000).toISOString()).not.toThrow();
  });

  it('stand beside ours in one batch', () => {
    const bytes = Buffer.concat([eventBatch(0, events(1, 'ours')), rawBatch(1, [{ value: Buffer.from('1') }])]);
    expect(idsOf(read(bytes).batches)).toEqual(['ours-1', 'epoch-3-1']);
  });
});
