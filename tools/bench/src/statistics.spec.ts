import { acceptedLatencies } from './run-figures.js';
import { median, noiseIn, quantile, spreadOf, weightedQuantile } from './statistics.js';

describe('the figures', () => {
  it('have a median and a spread', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
    expect(spreadOf([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
  });

  it('differ from run to run', () => {
    expect(noiseIn([100, 110, 99, 99])).toBeCloseTo(0.1);
    expect(noiseIn([100])).toBeNaN();
  });

  it('have quantiles by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(quantile(hundred, 0.99)).toBe(99);
    expect(quantile(hundred, 0)).toBe(1);
    expect(quantile([], 0.5)).toBeNaN();
  });

  it('weigh what stands for more than one', () => {
    expect(
      weightedQuantile(
        [
          [9, 1],
          [1, 98],
          [5, 1],
        ],
        0.98,
      ),
    ).toBe(1);
    expect(
      weightedQuantile(
        [
          [9, 1],
          [1, 98],
          [5, 1],
        ],
        0.99,
      ),
    ).toBe(5);
    expect(
      weightedQuantile(
        [
          [9, 1],
          [1, 98],
        ],
        1,
      ),
    ).toBe(9);
    expect(weightedQuantile([], 0.5)).toBeNaN();
  });

  it('count from the answer to the producer, and from nothing below 0', () => {
    const answered = Float64Array.of(1_000, 5_000, 0);
    const samples = Float64Array.of(0, 4_000, 10, 1, 4_000, 10, 2, 9_000, 10);
    expect(acceptedLatencies(samples, answered)).toEqual({ p50: 0, p99: 3, p999: 3, max: 3 });
  });
});
