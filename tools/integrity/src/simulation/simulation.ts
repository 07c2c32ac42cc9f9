import { FOCUS_OF, type Mutation } from './mutation.js';
import { type Outcome, play } from './play.js';
import { type Schedule, scheduleOf } from './schedule.js';
import { shrink, type Shrunk } from './shrink.js';

export interface SimulationOptions {
  /** Of the first schedule; the next ones count on. */
  readonly seed: number;
  readonly maxSchedules: number;
  readonly maxMs: number;
  /** Ends after so many schedules that broke a promise. */
  readonly maxFailures: number;
  readonly mutation?: Mutation;
}

export interface SimulationReport {
  readonly schedules: number;
  readonly tookMs: number;
  readonly events: number;
  readonly deliveries: number;
  readonly simulatedMs: number;
  readonly failures: readonly Outcome[];
}

/** Plays schedule after schedule until something bounds it. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const { seed, maxSchedules, maxMs, maxFailures, mutation } = options;
  const startedAtMs = performance.now();
  const total = { schedules: 0, events: 0, deliveries: 0, simulatedMs: 0 };
  const failures: Outcome[] = [];
  const tookMs = () => performance.now() - startedAtMs;
  while (total.schedules < maxSchedules && tookMs() < maxMs && failures.length < maxFailures) {
    const outcome = await play(mutatedScheduleOf(seed + total.schedules, mutation), mutation);
    total.schedules++;
    total.events += outcome.events;
    total.deliveries += outcome.deliveries;
    total.simulatedMs += outcome.simulatedMs;
    if (outcome.violations.length > 0) failures.push(outcome);
  }
  return { ...total, tookMs: tookMs(), failures };
}

const MAX_SHRINKING_PLAYS = 300;

/** The schedule of a seed that breaks a promise, with as little in it as can be found quickly. */
export async function shortest(seed: number, mutation?: Mutation): Promise<Shrunk> {
  const schedule = mutatedScheduleOf(seed, mutation);
  return shrink({ schedule, outcome: await play(schedule, mutation) }, MAX_SHRINKING_PLAYS, mutation);
}

function mutatedScheduleOf(seed: number, mutation: Mutation | undefined): Schedule {
  return scheduleOf(seed, mutation && FOCUS_OF[mutation]);
}
