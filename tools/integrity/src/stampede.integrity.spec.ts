import { brokenOf, runSmall } from './run-small.js';

describe('stampede, small', () => {
  it('has all clients back after a kill, from their cursors, without reading the log for each of them', async () => {
    const verdict = await runSmall('stampede');
    console.info(`stampede: seed ${verdict.seed}, ${verdict.tookSeconds.toFixed(1)} s`);
    expect(brokenOf(verdict)).toEqual([]);
  }, 120_000);
});
