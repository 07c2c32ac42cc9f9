import type { Mutation } from './mutation.js';
import { type Outcome, play } from './play.js';
import type { Schedule, Step } from './schedule.js';

export interface Shrunk {
  readonly schedule: Schedule;
  readonly outcome: Outcome;
}

/**
 * Less of a schedule that breaks a promise, and still breaks one: subscriptions and steps are left out, many steps at
 * first, and what fails without them goes on. At most so many plays; good enough to look at.
 */
export async function shrink(failing: Shrunk, maxPlays: number, mutation?: Mutation): Promise<Shrunk> {
  let best = failing;
  let plays = 0;
  const attempt = async (change: Partial<Schedule>) => {
    if (plays >= maxPlays) return;
    plays++;
    const schedule = { ...best.schedule, ...change };
    const outcome = await play(schedule, mutation);
    if (outcome.violations.length > 0) best = { schedule, outcome };
  };
  for (const plan of failing.schedule.plans) {
    const plans = best.schedule.plans.filter((other) => other !== plan);
    if (plans.length > 0) await attempt({ plans });
  }
  for (let size = best.schedule.steps.length >> 1; size >= 1; size >>= 1) {
    for (let to = best.schedule.steps.length; to > 0; to -= size) {
      await attempt({ steps: without(best.schedule.steps, Math.max(0, to - size), to) });
    }
  }
  return best;
}

const without = (steps: readonly Step[], from: number, to: number): readonly Step[] => [
  ...steps.slice(0, from),
  ...steps.slice(to),
];
