import { brokenOf, runSmall } from './run-small.js';

describe('kill-restart, small', () => {
  it('misses nothing and repeats only what was unacknowledged when the service is killed', async () => {
    const verdict = await runSmall('kill-restart');
    console.info(`kill-restart: seed ${verdict.seed}, ${verdict.tookSeconds.toFixed(1)} s`);
    expect(brokenOf(verdict)).toEqual([]);
  }, 120_000);
});
