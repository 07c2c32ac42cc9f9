import fc from 'fast-check';
import type { Type } from 'protobufjs';
import { otlpMetricsRequestSchema } from '@distributary/contracts';
import { DistributionError } from '@distributary/distribution-core';
import { textAttributes, textOf } from './attribute-text.js';
import { OtlpCodec } from './otlp-codec.js';
import { DEFAULT_OTLP_LIMITS, readMetrics } from './read-metrics.js';

const codec = new OtlpCodec();
const read = (metric: object, limits = DEFAULT_OTLP_LIMITS) =>
  readMetrics(codec.decode({ resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] }), limits);
const gauge = (point: object, name = 'm') => read({ name, gauge: { dataPoints: [point] } });

describe('data points of OTLP', () => {
  it('are numbers of either kind, of whoever sent them', () => {
    const { points } = gauge({ asInt: '-9007199254740993', timeUnixNano: 1_000 });
    expect(points).toMatchObject([
      {
        service: 'unknown_service',
        value: -9007199254740992,
        kind: 'gauge',
        timeNanos: 1_000n,
        temporality: undefined,
      },
    ]);
    expect(gauge({ asDouble: '1.5e3' }).points[0].value).toBe(1500);
  });

  it('have 64-bit integers as numbers too, as exactly as those are', () => {
    const dataPoints = [
      { timeUnixNano: 1_750_500_000_123_456_789, startTimeUnixNano: 2 ** 63, count: 2 ** 60, sum: 2 ** 61 },
    ];
    expect(read({ name: 'm', histogram: { dataPoints } }).points).toMatchObject([
      { timeNanos: 1_750_500_000_123_456_768n, startNanos: 2n ** 63n, value: 2, distribution: { count: 2 ** 60 } },
    ]);
    expect(gauge({ asInt: -(2 ** 60) }).points[0].value).toBe(-(2 ** 60));
  });

  it.each([1.5, 1e20, -1e300, true, '1.5'])('have no other integers: %p', (timeUnixNano) => {
    expect(() => gauge({ asInt: 1, timeUnixNano })).toThrow(
      expect.objectContaining({ code: 'request.invalid', message: expect.stringMatching(/timeUnixNano/) }),
    );
  });

  it('of sums keep their temporality, and gauges beside them have none', () => {
    const sum = (aggregationTemporality?: number) =>
      read({ name: 'm', sum: { dataPoints: [{ asInt: 1 }], aggregationTemporality, isMonotonic: true } }).points[0];
    expect([sum(), sum(0), sum(1), sum(2)].map(({ temporality }) => temporality)).toEqual([
      undefined,
      undefined,
      'delta',
      'cumulative',
    ]);
  });

  it('of histograms have their mean as value, or their count if there is no sum', () => {
    const histogram = (point: object) => read({ name: 'm', histogram: { dataPoints: [point] } }).points[0];
    expect(histogram({ count: '4', sum: 10 })).toMatchObject({ value: 2.5, distribution: { count: 4, sum: 10 } });
    expect(histogram({ count: '4' })).toMatchObject({ value: 4, distribution: { count: 4 } });
    expect(histogram({})).toMatchObject({ value: 0, distribution: { count: 0, bucket_counts: [] } });
  });

  it('of exponential histograms and summaries keep everything', () => {
    const positive = { offset: -2, bucketCounts: ['1', 2] };
    const point = { count: 3, sum: 6, scale: 1, zeroCount: '0', zeroThreshold: 0.1, positive };
    expect(read({ name: 'm', exponentialHistogram: { dataPoints: [point] } }).points).toMatchObject([
      {
        value: 2,
        kind: 'exponential_histogram',
        distribution: { scale: 1, zero_count: 0, zero_threshold: 0.1, positive: { offset: -2, bucket_counts: [1, 2] } },
      },
    ]);
    const summary = { count: 2, sum: 3, quantileValues: [{ quantile: 0.5, value: 1 }, {}] };
    expect(read({ name: 'm', summary: { dataPoints: [summary] } }).points).toMatchObject([
      {
        value: 1.5,
        distribution: {
          quantiles: [
            { quantile: 0.5, value: 1 },
            { quantile: 0, value: 0 },
          ],
        },
      },
    ]);
  });

  it('without a recorded value are the end of a series, which is no event', () => {
    expect(gauge({ flags: 1 })).toEqual({ points: [], rejected: 0, reasons: [] });
  });

  it.each([
    [{ asDouble: 'NaN' }, 'values must be finite numbers'],
    [{ asDouble: null }, 'a data point must have a value'],
    [{ asInt: 1, timeUnixNano: '-1' }, 'times must not be before 1970'],
    [{ asInt: 1, startTimeUnixNano: -5 }, 'times must not be before 1970'],
  ])('%j are not taken', (point, reason) => {
    expect(gauge(point)).toEqual({ points: [], rejected: 1, reasons: [reason] });
  });

  it.each([
    [{ name: '', gauge: { dataPoints: [{ asInt: 1 }] } }, 'a metric must have a name'],
    [{ gauge: { dataPoints: [{ asInt: 1 }] } }, 'a metric must have a name'],
    [
      { name: 'x'.repeat(201), gauge: { dataPoints: [{ asInt: 1 }] } },
      'the name of a metric must have at most 200 characters',
    ],
    [
      { name: 'm', histogram: { dataPoints: [{ bucketCounts: [1], explicitBounds: [1] }] } },
      'a histogram must have one bucket more than bounds',
    ],
    [
      { name: 'm', histogram: { dataPoints: [{ bucketCounts: Array<number>(1_001).fill(0) }] } },
      'a histogram must have at most 1000 buckets',
    ],
    [
      {
        name: 'm',
        exponentialHistogram: { dataPoints: [{ negative: { bucketCounts: Array<number>(1_001).fill(0) } }] },
      },
      'a histogram must have at most 1000 buckets',
    ],
    [{ name: 'm', histogram: { dataPoints: [{ sum: 'Infinity', count: 1 }] } }, 'values must be finite numbers'],
    [
      { name: 'm', summary: { dataPoints: [{ quantileValues: Array<object>(101).fill({}) }] } },
      'a summary must have at most 100 quantiles',
    ],
  ])('are not taken because %#', (metric, reason) => {
    expect(read(metric)).toEqual({ points: [], rejected: 1, reasons: [reason] });
  });

  it('are too many beyond the limit', () => {
    const limits = { ...DEFAULT_OTLP_LIMITS, maxDataPoints: 2 };
    const dataPoints = [{ asInt: 1 }, { asInt: 1 }, { asInt: 1 }];
    expect(() => read({ name: 'm', gauge: { dataPoints } }, limits)).toThrow(/at most 2 data points/);
  });
});

describe('attributes', () => {
  const limits = { maxCount: 2, maxNameLength: 5, maxValueLength: 4 };

  it('are texts, bounded in number and length', () => {
    const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
    const given = [
      attribute('a', '1'),
      attribute('a', 'again'),
      attribute('too long', '2'),
      attribute('', '3'),
      { key: 'empty' },
      attribute('__pr', 'longer'),
      attribute('c', '4'),
    ];
    expect(textAttributes(given, limits)).toEqual({ values: { a: '1', __pr: 'long' }, dropped: 3 });
    expect(textAttributes(undefined, limits)).toEqual({ values: {}, dropped: 0 });
  });

  it.each([
    [{ boolValue: false }, 'false'],
    [{ intValue: '12' }, '12'],
    [{ doubleValue: 1.5 }, '1.5'],
    [{ bytesValue: 'AA==' }, 'AA=='],
    [{ arrayValue: { values: [{ stringValue: 'a' }, {}] } }, '["a",null]'],
    [{ arrayValue: {} }, '[]'],
    [{ kvlistValue: { values: [{ key: 'k', value: { intValue: 1 } }, 7, {}] } }, '{"k":1}'],
    [{ arrayValue: 7 }, undefined],
    [{ stringValue: {} }, undefined],
    [7, undefined],
  ])('of the value %j are %j', (value, text) => {
    expect(textOf(value)).toBe(text);
  });

  it('are not followed to their depths', () => {
    let value: object = { stringValue: 'deep' };
    for (let depth = 0; depth < 100_000; depth++) value = { arrayValue: { values: [value] } };
    expect(textOf(value)).toBe('[[[["…"]]]]');
  });
});

const outcomeOf = (body: unknown): DistributionError | undefined => {
  try {
    codec.decode(body);
    return undefined;
  } catch (error) {
    return error as DistributionError;
  }
};

describe('exports of more parts than are decoded', () => {
  const tooLarge = { code: 'payload.too_large', message: expect.stringMatching(/at most 400000 messages/) };
  const type = (codec as unknown as { request: Type }).request;
  const bytesOf = (request: object) => Buffer.from(type.encode(type.fromObject(request)).finish());
  const histogramOf = (figures: object) => ({
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', histogram: { dataPoints: [figures] } }] }] }],
  });

  it.each<[string, () => unknown]>([
    ['messages of two bytes', () => Buffer.alloc(2 * 400_001, Buffer.from([0x0a, 0]))],
    ['empty objects', () => ({ resourceMetrics: Array(400_001).fill({}) })],
    ['numbers in protobuf', () => bytesOf(histogramOf({ bucketCounts: Array(400_001).fill(1) }))],
    ['numbers in JSON', () => histogramOf({ bucketCounts: Array(400_001).fill(1) })],
    [
      'numbers of a byte',
      () => {
        const buckets = { positive: { bucketCounts: Array(400_001).fill(1) } };
        const metrics = [{ name: 'm', exponentialHistogram: { dataPoints: [buckets] } }];
        return bytesOf({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
      },
    ],
  ])('are refused: %s', (_what, body) => {
    expect(outcomeOf(body())).toMatchObject(tooLarge);
  });

  it('are none where points have many attributes and buckets', () => {
    const attributes = Array.from({ length: 10 }, (_, at) => ({ key: `k${at}`, value: { stringValue: 'v' } }));
    const dataPoints = Array(3_000).fill({
      attributes,
      bucketCounts: Array(12).fill(1),
      explicitBounds: Array(11).fill(2),
    });
    const metrics = [{ name: 'm', histogram: { dataPoints } }];
    const request = { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] };
    expect(readMetrics(codec.decode(request)).points).toHaveLength(3_000);
    expect(readMetrics(codec.decode(bytesOf(request))).points).toHaveLength(3_000);
  });

  it('are refused when a message claims to be longer than the body', () => {
    expect(outcomeOf(Buffer.from([0x0a, 100, 0x0a, 0]))).toMatchObject({ code: 'request.invalid' });
  });
});

describe('exports of many problems', () => {
  const pathsOf = (request: object) => outcomeOf(request)?.problems.map(({ path }) => path);

  it('are told the first hundred, and large ones the first', () => {
    const wrong = (count: number) => ({ resourceMetrics: Array(count).fill(0) });
    expect(pathsOf(wrong(3))).toEqual(['resourceMetrics[0]', 'resourceMetrics[1]', 'resourceMetrics[2]']);
    expect(pathsOf(wrong(200))).toHaveLength(100);
    expect(pathsOf(wrong(300_000))).toEqual(['resourceMetrics[0]']);
    const nested = { resourceMetrics: [{ scopeMetrics: Array(300_000).fill(0) }] };
    expect(pathsOf(nested)).toEqual(['resourceMetrics[0].scopeMetrics[0]']);
  });
});

describe('exports', () => {
  it('are the same in JSON and in protobuf', () => {
    const codes = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(
        fc.array(fc.record({ name: fc.string({ minLength: 1, maxLength: 20 }), asDouble: codes }), { maxLength: 5 }),
        (values) => {
          const metrics = values.map(({ name, asDouble }) => ({ name, gauge: { dataPoints: [{ asDouble }] } }));
          const request = { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] };
          const type = (codec as unknown as { request: Type }).request;
          const bytes = Buffer.from(type.encode(type.fromObject(request)).finish());
          const plain = ({ points }: ReturnType<typeof readMetrics>) => points.map(({ name, value }) => [name, value]);
          expect(plain(readMetrics(codec.decode(bytes)))).toEqual(plain(readMetrics(codec.decode(request))));
        },
      ),
    );
  });

  it('of any bytes or JSON are read, or refused by a code', () => {
    const outcome = (body: unknown) => {
      try {
        readMetrics(codec.decode(body));
      } catch (error) {
        expect(error).toBeInstanceOf(DistributionError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => outcome(Buffer.from(bytes))));
    fc.assert(fc.property(fc.jsonValue(), outcome));
    expect(otlpMetricsRequestSchema.parse({})).toEqual({});
  });
});
