import { brokenOf, runSmall } from './run-small.js';

describe('processes that are killed, small', () => {
  it.each([
    ['kill-gateway', 'sends its clients to the other gateway, and drops what producers published twice'],
    ['kill-router', 'routes every event of others once, whichever router is killed'],
  ])(
    '%s: %s',
    async (scenario) => {
      const verdict = await runSmall(scenario);
      console.info(`${scenario}: seed ${verdict.seed}, ${verdict.tookSeconds.toFixed(1)} s`);
      expect(brokenOf(verdict)).toEqual([]);
    },
    120_000,
  );
});
