import { runtimeBetween, type RuntimeReading, runtimeReading } from './runtime-figures.js';

/** Counts by end of bucket: 1, 10, 100, beyond. */
const metricsText = (delays: readonly number[], pauses: Readonly<Record<string, readonly number[]>>, gcMs: number) => {
  const buckets = (name: string, counts: readonly number[], labels: string) =>
    ['1', '10', '100', '+Inf'].map((le, index) => `${name}_bucket{le="${le}",${labels}} ${counts[index]}`);
  return [
    '# TYPE event_loop_delay_ms histogram',
    ...buckets('event_loop_delay_ms', delays, 'service="monitoring"'),
    'event_loop_delay_ms_sum{service="monitoring"} 99',
    ...Object.entries(pauses).flatMap(([kind, counts]) => [
      ...buckets('gc_pause_ms', counts, `service="monitoring",kind="${kind}"`),
      `gc_pause_ms_sum{service="monitoring",kind="${kind}"} ${gcMs}`,
    ]),
    'performance_gc_pause_ms 5',
  ].join('\n');
};

const readingAt = (atMicros: number, text: string): RuntimeReading => ({
  ...(runtimeReading(text) as RuntimeReading),
  atMicros,
});

describe('what held up a service', () => {
  it('is the difference of two readings, all kinds of collections together', () => {
    const before = readingAt(0, metricsText([100, 100, 100, 101], { minor: [3, 3, 4, 4] }, 40));
    const text = metricsText([1098, 1099, 1100, 1101], { minor: [5, 6, 8, 8], major: [0, 1, 1, 1] }, 70);
    const figures = runtimeBetween(before, readingAt(4e6, text));
    expect(figures?.gcMsPerSecond).toBeCloseTo((70 + 70 - 40) / 4);
    expect(figures?.gcLongestMs).toBe(100);
    expect(figures?.loopDelayP999Ms).toBeCloseTo(10);
  });

  it('is nothing where nothing happened, and not to be had of a server without such metrics', () => {
    const idle = readingAt(0, metricsText([1, 1, 1, 1], {}, 0));
    expect(runtimeBetween(idle, { ...idle, atMicros: 1e6 })).toEqual({
      loopDelayP999Ms: Number.NaN,
      gcMsPerSecond: 0,
      gcLongestMs: 0,
    });
    expect(runtimeReading('{}')).toBeUndefined();
    expect(runtimeBetween(undefined, idle)).toBeUndefined();
  });
});
