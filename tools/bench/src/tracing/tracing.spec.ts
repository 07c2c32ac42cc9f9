import { tracingReport } from './tracing-command.js';
import { tracingBench } from './tracing.js';

describe('the tracing bench', () => {
  it('measures ingest with and without tracing, interleaved', async () => {
    const result = await tracingBench({ batchSize: 10, rounds: 2, secondsPerRound: 0.02 });
    expect(result.figures.map(({ way }) => way)).toEqual([
      'off',
      'off, again',
      '0 % sampled',
      '1 % sampled',
      '100 % sampled',
    ]);
    for (const { eventsPerSecond } of result.figures) expect(eventsPerSecond.median).toBeGreaterThan(0);
    expect(tracingReport(result)).toContain('off, again');
  });
});
