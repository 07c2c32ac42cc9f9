import { matchBench } from './match.js';
import { matchReport } from './match-report.js';
import { CASES, workloadOf } from './workload.js';

describe('the match bench', () => {
  it('measures every case with answers that are alike, in a few moments', () => {
    const result = matchBench({ cases: CASES, sizes: [300], batchSizes: [1, 8], seconds: 0.01, seed: 7 });
    expect(result.crossChecked).toBe(20 * CASES.length);
    expect(result.figures.map((row) => `${row.case}: ${row.contender}`)).toEqual([
      'topics: index, batches of 1',
      'topics: index, batches of 8',
      'topics: qlobber',
      'topics: linear scan',
      'filters: index, batches of 1',
      'filters: index, batches of 8',
      'filters: linear scan',
      'mixed: index, batches of 1',
      'mixed: index, batches of 8',
      'mixed: linear scan',
    ]);
    for (const row of result.figures) expect(row.eventsPerSecond).toBeGreaterThan(0);
    expect(matchReport(result)).toContain('index, batches of 8');
  });

  it('has as many wildcards as it says, and 10,000 filters that are all different', () => {
    const { selections } = workloadOf('topics', 10_000, 1);
    const wild = selections.filter(({ topicPatterns }) => /[+#]/.test(topicPatterns[0])).length;
    expect(wild / selections.length).toBeCloseTo(0.3, 1);
    const filters = new Set(workloadOf('filters', 20_000, 1).selections.map(({ filter }) => JSON.stringify(filter)));
    expect(filters.size).toBeGreaterThan(9_990);
  });

  it('is the same for the same seed', () => {
    expect(workloadOf('mixed', 100, 3)).toEqual(workloadOf('mixed', 100, 3));
    expect(workloadOf('mixed', 100, 3)).not.toEqual(workloadOf('mixed', 100, 4));
  });
});
