import { brokenOf, runSmall } from './run-small.js';

describe('surroundings that fail, small', () => {
  it.each([
    ['tcp-cut', 'loses nothing to resets and black holes of the network'],
    ['postgres-loss', 'stops sending to durable subscriptions in time, and goes on when the database is back'],
    ['clock-step', 'keeps order and deliveries when the wall clock jumps'],
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
