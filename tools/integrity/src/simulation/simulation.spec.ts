import { type Mutation, MUTATIONS } from './mutation.js';
import { play } from './play.js';
import { scheduleOf } from './schedule.js';
import { shortest, simulate } from './simulation.js';

/** More of it with `npm run integrity -- simulation --seconds 60`. */
const SCHEDULES = 40;
/** On a busy machine, fewer. */
const MAX_MS = 4_000;
/** What is to be found is found in all of its schedules or not at all, however busy the machine is. */
const MUTATED_MAX_MS = 200_000;
const DEADLINE_MS = 240_000;

/** Where the schedules that are to find the mutations begin, and how many of them each may take. */
const MUTATED_FROM = 200_000;
const FOUND_WITHIN: Readonly<Record<Mutation, number>> = {
  'ignores-generations': 120,
  'loses-append': 10,
  'drops-event': 10,
  'hides-gap': 30,
  'forgets-copies': 15,
  'stores-ahead': 20,
  'reorders-append': 10,
  'splits-transaction': 15,
};

describe('the simulation', () => {
  it('breaks no promise, whatever befalls', async () => {
    const { failures } = await simulate({ seed: 1, maxSchedules: SCHEDULES, maxMs: MAX_MS, maxFailures: 1 });
    expect(failures).toEqual([]);
  }, 60_000);

  it('plays a seed the same way each time', async () => {
    const schedule = scheduleOf(7);
    expect(await play(schedule)).toEqual(await play(schedule));
  });

  it.each(Object.entries(FOUND_WITHIN) as [Mutation, number][])(
    'finds a core that %s',
    async (mutation, maxSchedules) => {
      const report = await simulate({
        seed: MUTATED_FROM,
        maxSchedules,
        maxMs: MUTATED_MAX_MS,
        maxFailures: 1,
        mutation,
      });
      expect([MUTATIONS[mutation], report.failures.length]).toEqual([MUTATIONS[mutation], 1]);
    },
    DEADLINE_MS,
  );

  it(
    'makes a schedule that breaks a promise shorter',
    async () => {
      const { schedule, outcome } = await shortest(1, 'loses-append');
      expect(outcome.violations).not.toEqual([]);
      expect(schedule.steps.length).toBeLessThan(scheduleOf(1).steps.length / 4);
    },
    DEADLINE_MS,
  );
});
