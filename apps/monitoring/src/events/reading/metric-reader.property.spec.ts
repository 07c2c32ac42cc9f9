import fc from 'fast-check';
import { FakeClock } from '@distributary/distribution-core/testing';
import { microsOfIso, microsOfIsoBytes } from '@distributary/distribution-service';
import { arbitraryJson, describePlainReading, meaningOf } from '@distributary/distribution-service/testing';
import { countingIds } from '../../testing/published-events.js';
import { monitoringEvents } from '../event-form.js';
import { MetricReader } from './metric-reader.js';

const { absent, json, mostly, name, objectOf, time, word } = arbitraryJson;
const aReader = () => new MetricReader(new FakeClock(), countingIds);

const figure = mostly(
  fc.oneof(
    fc.integer(),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => Number(value.toFixed(3))),
  ),
  fc.constantFrom('7', null, 1e300, 1e-9),
);

const event = objectOf({
  event_id: json(mostly<string | undefined>(word, absent(name))),
  timestamp: json(mostly<string | undefined>(time, fc.constant(undefined))),
  data_type: json(mostly(fc.constant('METRICS'), fc.constantFrom('ALERTS', 'WEATHER'))),
  routing: absent(
    objectOf({
      topic: absent(json(mostly(fc.constant('monitoring/metrics'), fc.constantFrom('a/b', 'a/#', '')))),
      routing_key: absent(json(mostly(fc.constant('a.b'), fc.constantFrom('a', 'a..b')))),
      priority: absent(json(mostly(fc.constantFrom(1, 9), fc.constant(10)))),
      target_subscribers: absent(json(fc.array(name, { maxLength: 2 }))),
      delivery_guarantee: absent(json(mostly(fc.constant('exactly_once'), fc.constant('twice')))),
    }),
  ),
  data: objectOf({
    metric_name: json(name),
    current_value: json(figure),
    threshold: absent(json(figure)),
    unit: absent(json(word)),
    service_name: absent(json(name)),
    labels: absent(json(fc.dictionary(name, word, { maxKeys: 3 }))),
    severity: mostly<string | undefined>(fc.constant(undefined), fc.constant('"high"')),
    more: mostly<string | undefined>(fc.constant(undefined), fc.constant('1')),
  }),
  metadata: objectOf({
    source_service: json(name),
    severity: absent(json(mostly(fc.constant('high'), word))),
    retention_policy: absent(json(name)),
    team: absent(json(word)),
  }),
});

describePlainReading('metrics', {
  form: monitoringEvents,
  plainReader: (clock, ids) => new MetricReader(clock, ids),
  events: event,
  plain: [
    '{"event_id":"e","timestamp":"2025-06-21T10:00:00.5Z","data_type":"METRICS","routing":{"routing_key":"a.b"},' +
      '"data":{"metric_name":"m","current_value":-0.5,"labels":{"a":"b"}},"metadata":{"source_service":"s","note":"é"}}',
  ],
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

describe('metrics that are read without being parsed, too,', () => {
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
          const found = all.read(start);
          const alone = aReader().open(Buffer.from(text));
          const expected = alone.read(0);
          // What follows in the body is none of it.
          if (found !== undefined || expected !== undefined) {
            expect(meaningOf(found)).toEqual(meaningOf(expected));
            expect(all.end - start).toBe(alone.end);
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
      expect(all.open(Buffer.from(text)).read(0)?.record.attributes.metric).toBe(`m${each}`);
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
