import { caseReport, isFailed, verdictOf } from './case-report.js';
import type { Figure } from './performance-case.js';

const aFigure = (values: readonly number[], goal?: Figure['goal']): Figure => ({
  name: 'service',
  unit: 'ms',
  values,
  goal,
});

describe('a verdict', () => {
  it('is by the median, and allows for noise', () => {
    expect(verdictOf(aFigure([5, 9, 10], { atLeast: 9 }))).toBe('reached');
    expect(verdictOf(aFigure([5, 8.6, 10], { atLeast: 9 }))).toBe('missed');
    expect(verdictOf(aFigure([5, 8.6, 10], { atLeast: 9 }), 0.05)).toBe('reached');
    expect(verdictOf(aFigure([21], { atMost: 20 }), 0.05)).toBe('reached');
    expect(verdictOf(aFigure([22], { atMost: 20 }), 0.05)).toBe('missed');
    expect(verdictOf(aFigure([22]))).toBe('');
  });
});

describe('a run of cases', () => {
  const good = { figures: [aFigure([10], { atMost: 15 })], findings: [] };
  const slow = { figures: [aFigure([20], { atMost: 15 })], findings: [] };

  it('fails by a goal that is missed, a baseline, or what was found', () => {
    expect(isFailed([good], [], 0.05)).toBe(false);
    expect(isFailed([good, slow], [], 0.05)).toBe(true);
    expect(isFailed([good], ['one: it was 2'], 0.05)).toBe(true);
    expect(isFailed([{ ...good, findings: ['missing 3'] }], [], undefined)).toBe(true);
    expect(isFailed([slow], [], undefined)).toBe(false);
  });

  it('is not passed by noise in which any goal would be reached', () => {
    expect(verdictOf(slow.figures[0], 0.5)).toBe('reached');
    expect(isFailed([slow], [], 0.5)).toBe(true);
  });
});

describe('the report of a case', () => {
  const result = { figures: [aFigure([30, 10, 20], { atMost: 15 })], findings: ['missing 3'] };

  it('has a line for each figure, and what was wrong besides', () => {
    const report = caseReport('one', result, 0.05);
    expect(report).toMatch(/service +20\.00 \(10\.00–30\.00\) ms +≤ 15\.00 ms +missed/);
    expect(report).toContain('! missing 3');
  });

  it('judges nothing of a quick run', () => {
    expect(caseReport('one', result, undefined)).not.toContain('missed');
  });
});
