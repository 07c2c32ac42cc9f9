import { brokenOf, runSmall } from './run-small.js';

describe('stopped-reader, small', () => {
  it('loses nothing to a consumer that stops and goes on, and holds up nobody for it', async () => {
    const verdict = await runSmall('stopped-reader');
    console.info(`stopped-reader: seed ${verdict.seed}, ${verdict.tookSeconds.toFixed(1)} s`);
    expect(brokenOf(verdict)).toEqual([]);
  }, 120_000);
});
