import { type Baselines, baselinesOf, belowBaselines, type NamedResult, noiseOf } from './baselines.js';
import type { Figure } from './performance-case.js';

const aResult = (figures: readonly Figure[]): NamedResult => ({ case: 'one', figures, findings: [] });
const times = (...values: number[]): Figure => ({ name: 'service to twin', unit: 'times', values, isBaseline: true });
const twin = (...values: number[]): Figure => ({ name: 'twin', unit: 'deliveries/CPU-s', values, isPeer: true });

describe('noise', () => {
  it('is what the peer differs by from run to run', () => {
    expect(noiseOf([aResult([twin(100, 110, 121)])])).toBeCloseTo(0.1);
  });

  it('is never less than what quiet runs differ by', () => {
    expect(noiseOf([aResult([twin(100, 100)])])).toBe(0.05);
    expect(noiseOf([])).toBe(0.05);
  });
});

describe('a baseline', () => {
  const baselines: Baselines = { one: { 'service to twin': 50 } };

  it('is made of the figures that are to be kept', () => {
    const worse: Figure = { name: 'p99', unit: 'times', values: [3], goal: { atMost: 1 } };
    expect(baselinesOf([aResult([times(10, 50.04, 60), worse, twin(1)])])).toEqual({ one: { 'service to twin': 50 } });
  });

  it('is not made of a case in which something was wrong', () => {
    expect(baselinesOf([{ ...aResult([times(50)]), findings: ['service: missing 3'] }])).toEqual({});
  });

  it('is kept by a ratio that is lower by no more than the noise', () => {
    expect(belowBaselines([aResult([times(46)])], baselines, 0.1)).toEqual([]);
    expect(belowBaselines([aResult([times(44)])], baselines, 0.1)).toEqual(['one: service to twin is 44, it was 50']);
  });

  it('is not asked for of a case that has none yet', () => {
    expect(belowBaselines([aResult([times(1)])], {}, 0.1)).toEqual([]);
  });
});
