import fc from 'fast-check';
import { FakeClock } from '@distributary/distribution-core/testing';
import { countingIds } from '../../testing/published-events.js';
import { microsOfIso, microsOfIsoBytes, type PublishedEvent } from '@distributary/distribution-service';
import { parseMonitoringEvents, toPublishedEvent } from '../monitoring-event.js';
import { MetricReader } from './metric-reader.js';

const clock = new FakeClock();
/** Each time a new one: of those whose kinds are other ones each time it would leave most to the schema. */
const aReader = () => new MetricReader(clock, countingIds);

const read = (text: string): PublishedEvent | undefined => {
  const bytes = Buffer.from(text);
  const plain = aReader().open(bytes);
  const event = plain?.read(0);
  return plain?.end === bytes.length ? event : undefined;
};

const bySchema = (text: string): PublishedEvent | undefined => {
  try {
    return toPublishedEvent(parseMonitoringEvents([JSON.parse(text)])[0], clock, countingIds);
  } catch {
    return undefined;
  }
};

/** The value as what it says: its fields may stand in another order. */
const meaning = (event: PublishedEvent | undefined) =>
  event && {
    ...event,
    record: { ...event.record, value: JSON.parse(Buffer.from(event.record.value).toString()) as unknown },
  };

const mostly = <Value>(good: fc.Arbitrary<Value>, odd: fc.Arbitrary<Value>) =>
  fc.oneof({ arbitrary: good, weight: 12 }, { arbitrary: odd, weight: 1 });
const absent = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const word = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('a', 'é', '.', '*', '{', '_', '€') });
const name = mostly(word, fc.constantFrom('', '"', 'a\\', 'x'.repeat(101), '__proto__', 'constructor'));
const figure = mostly(
  fc.oneof(
    fc.integer(),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => Number(value.toFixed(3))),
  ),
  fc.constantFrom('7', null, 1e300, 1e-9),
);
const time = mostly(
  fc.date({ min: new Date(0), max: new Date('2199-12-31'), noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom('2025-02-29T00:00:00Z', '2024-02-29T23:59:59.123456789Z', '2025-06-21T10:00:00+02:00', 'now'),
);

const event = fc.record({
  event_id: mostly<string | undefined>(word, absent(name)),
  timestamp: mostly<string | undefined>(time, fc.constant(undefined)),
  data_type: mostly(fc.constant('METRICS'), fc.constantFrom('ALERTS', 'WEATHER')),
  routing: absent(
    fc.record({
      topic: absent(mostly(fc.constant('monitoring/metrics'), fc.constantFrom('a/b', 'a/#', ''))),
      routing_key: absent(mostly(fc.constant('a.b'), fc.constantFrom('a', 'a..b'))),
      priority: absent(mostly(fc.constantFrom(1, 9), fc.constant(10))),
      target_subscribers: absent(fc.array(name, { maxLength: 2 })),
      delivery_guarantee: absent(mostly(fc.constant('exactly_once'), fc.constant('twice'))),
    }),
  ),
  data: fc.record({
    metric_name: name,
    current_value: figure,
    threshold: absent(figure),
    unit: absent(word),
    service_name: absent(name),
    labels: absent(fc.dictionary(name, word, { maxKeys: 3 })),
    severity: mostly<string | undefined>(fc.constant(undefined), fc.constant('high')),
    more: mostly<number | undefined>(fc.constant(undefined), fc.constant(1)),
  }),
  metadata: fc.record({
    source_service: name,
    severity: absent(mostly(fc.constant('high'), word)),
    retention_policy: absent(name),
    team: absent(word),
  }),
});

interface Written {
  readonly of: number;
  readonly event_id: string;
  readonly timestamp: string;
  readonly current_value: unknown;
  readonly unit: string | undefined;
  readonly isTurned: boolean;
  readonly flaw: readonly [number, number] | undefined;
}

describe('metrics that are read without being parsed', () => {
  it('are what the schema makes of them, or left to it', () => {
    let plain = 0;
    fc.assert(
      fc.property(event, fc.nat(), fc.boolean(), (input, turn, hasBlanks) => {
        const entries = Object.entries(input);
        const turned = [...entries.slice(turn % entries.length), ...entries.slice(0, turn % entries.length)];
        const text = JSON.stringify(Object.fromEntries(turned));
        const spaced = hasBlanks ? text.replaceAll('":', '" : ').replaceAll(',"', ' , "') : text;
        const found = read(spaced);
        if (found === undefined) return;
        plain++;
        expect(meaning(found)).toEqual(meaning(bySchema(spaced)));
      }),
      { numRuns: 5_000 },
    );
    expect(plain).toBeGreaterThan(100);
  });

  it('are no metrics if a byte of them is another one', () => {
    const good = Buffer.from(
      '{"event_id":"e","timestamp":"2025-06-21T10:00:00.5Z","data_type":"METRICS","routing":{"routing_key":"a.b"},' +
        '"data":{"metric_name":"m","current_value":-0.5,"labels":{"a":"b"}},"metadata":{"source_service":"s","note":"é"}}',
    );
    expect(read(good.toString())).toBeDefined();
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (place, byte) => {
        const broken = Buffer.from(good);
        broken[place] = byte;
        const plain = aReader().open(broken);
        const found = plain?.read(0);
        if (found === undefined || plain?.end !== broken.length) return;
        expect(meaning(found)).toEqual(meaning(bySchema(broken.toString())));
      }),
      { numRuns: 5_000 },
    );
  });

  it('are read by what came before as they are read by themselves', () => {
    const templates = [0, 1, 2].map((n) => ({
      event_id: 'e',
      timestamp: '2025-06-21T10:00:00Z',
      data_type: 'METRICS',
      ...(n === 1 && { routing: { routing_key: 'a.b' } }),
      data: { metric_name: `m${n}`, current_value: 1, ...(n === 2 && { unit: 'é', threshold: -1.5 }) },
      metadata: { source_service: 's' },
    }));
    const change: fc.Arbitrary<Written> = fc.record({
      of: fc.nat(2),
      event_id: mostly(word, name),
      timestamp: time,
      current_value: figure,
      unit: mostly(fc.constant(undefined), word),
      /** Another producer writes it in another order. */
      isTurned: fc.boolean(),
      flaw: mostly<readonly [number, number] | undefined>(
        fc.constant(undefined),
        fc.tuple(fc.nat(250), fc.integer({ min: 32, max: 126 })),
      ),
    });
    const textOf = ({ of, event_id, timestamp, current_value, unit, isTurned, flaw }: Written) => {
      const { data, ...rest } = templates[of];
      const made = {
        ...rest,
        event_id,
        timestamp,
        data: { ...data, current_value, ...(unit !== undefined && { unit }) },
      };
      const entries = Object.entries(made);
      const bytes = Buffer.from(JSON.stringify(Object.fromEntries(isTurned ? entries.toReversed() : entries)));
      if (flaw !== undefined) bytes[flaw[0] % bytes.length] = flaw[1];
      return bytes.toString();
    };
    let plain = 0;
    fc.assert(
      fc.property(fc.array(change.map(textOf), { minLength: 1, maxLength: 12 }), (texts) => {
        const body = Buffer.from(texts.join('\n'));
        const all = aReader().open(body);
        let start = 0;
        for (const text of texts) {
          const found = all?.read(start);
          const alone = aReader().open(Buffer.from(text));
          const expected = alone?.read(0);
          // What follows in the body is none of it.
          if (found !== undefined || expected !== undefined) {
            expect(meaning(found)).toEqual(meaning(expected));
            expect((all?.end ?? 0) - start).toBe(alone?.end);
            plain++;
          }
          start += Buffer.byteLength(text) + 1;
        }
      }),
      { numRuns: 1_000 },
    );
    expect(plain).toBeGreaterThan(1_000);
  });

  it('are read so the first time, however many metrics there are', () => {
    const all = aReader();
    for (let each = 0; each < 5_000; each++) {
      const text = `{"event_id":"e","timestamp":"2025-06-21T10:00:00Z","data_type":"METRICS","data":{"metric_name":"m${each}","current_value":1},"metadata":{"source_service":"s"}}`;
      expect(all.open(Buffer.from(text))?.read(0)?.record.attributes.metric).toBe(`m${each}`);
    }
  });

  it('bear the same times', () => {
    fc.assert(
      fc.property(time, (text) => {
        const micros = microsOfIsoBytes(Buffer.from(text), 0, text.length);
        if (!Number.isNaN(micros)) expect(micros).toBe(microsOfIso(text));
      }),
    );
    expect(microsOfIsoBytes(Buffer.from('2025-02-29T00:00:00Z'), 0, 20)).toBeNaN();
    expect(microsOfIsoBytes(Buffer.from('2100-02-29T00:00:00Z'), 0, 20)).toBeNaN();
    expect(microsOfIsoBytes(Buffer.from('2024-02-29T00:00:00Z'), 0, 20)).toBe(1_709_164_800_000_000);
  });
});
