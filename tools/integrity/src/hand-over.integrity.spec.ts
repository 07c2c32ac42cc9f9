import { brokenOf, runSmall } from './run-small.js';

describe('hand-over, small', () => {
  it('loses nothing, keeps the order of keys, and lets no owner that was stopped move a position', async () => {
    const verdict = await runSmall('hand-over');
    console.info(`hand-over: seed ${verdict.seed}, ${verdict.tookSeconds.toFixed(1)} s`);
    expect(brokenOf(verdict)).toEqual([]);
  }, 120_000);
});
