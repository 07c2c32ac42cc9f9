import fc from 'fast-check';
import { addLatencies, LATENCY_BUCKETS, latencyBucket, latencyPercentile } from './latency-sketch.js';

const sketchOf = (latencies: readonly number[]): Float64Array => {
  const counts = new Float64Array(LATENCY_BUCKETS);
  for (const latency of latencies) counts[latencyBucket(latency)]++;
  return counts;
};
const latency = fc.double({ min: 0.051, max: 55_000, noNaN: true });
const latencies = fc.array(latency, { minLength: 1, maxLength: 200 });

describe('a sketch of latencies', () => {
  it('knows every percentile within 7 %', () => {
    fc.assert(
      fc.property(latencies, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1];
        const found = latencyPercentile(sketchOf(values), share) as number;
        expect(Math.abs(found - exact) / exact).toBeLessThan(0.07);
      }),
    );
  });

  it('adds up as if all had been counted in one', () => {
    fc.assert(
      fc.property(latencies, latencies, (some, others) => {
        const sum = sketchOf(some);
        addLatencies(sum, sketchOf(others));
        expect(sum).toEqual(sketchOf([...some, ...others]));
      }),
    );
  });

  it('has a place for everything', () => {
    expect(latencyBucket(0)).toBe(0);
    expect(latencyBucket(-1)).toBe(0);
    expect(latencyBucket(Number.NaN)).toBe(0);
    expect(latencyBucket(1e12)).toBe(LATENCY_BUCKETS - 1);
    expect(latencyPercentile(sketchOf([1e12]), 1)).toBeGreaterThan(60_000);
    expect(latencyPercentile(new Float64Array(LATENCY_BUCKETS), 0.5)).toBeUndefined();
  });
});
