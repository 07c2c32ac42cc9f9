import { brokenOf, runSmall } from './run-small.js';

describe('effects, small', () => {
  it('happen once, whatever is killed', async () => {
    const verdict = await runSmall('effects');
    console.info(`effects: seed ${verdict.seed}, ${verdict.tookSeconds.toFixed(1)} s`);
    expect(brokenOf(verdict)).toEqual([]);
  }, 120_000);
});
