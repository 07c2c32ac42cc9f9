import { brokenOf, runSmall } from './run-small.js';

describe('slow-readers, small', () => {
  it('treats each reader that stops reading as its policy says', async () => {
    const verdict = await runSmall('slow-readers');
    console.info(`slow-readers: seed ${verdict.seed}, ${verdict.tookSeconds.toFixed(1)} s`);
    expect(brokenOf(verdict)).toEqual([]);
  }, 120_000);
});
