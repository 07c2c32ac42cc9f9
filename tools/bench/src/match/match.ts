import { type MachineFacts, machineFacts } from '../machine.js';
import { monotonicMicros } from '../monotonic-clock.js';
import { type Contender, contendersOf } from './contenders.js';
import { type CaseName, EVENTS, type Workload, workloadOf } from './workload.js';

/**
 * Who wants this event? The same subscriptions and events for all that answer.
 *
 *   selections ──▶ MatchIndex (topic trie → plan of the topic → attribute indexes → what is left)
 *              ──▶ qlobber    (topic patterns only)
 *              ──▶ linear     (each subscription asked, one after the other)
 *
 * Before it is measured, each contender answers the same events, and the answers must be equal.
 */
export interface MatchOptions {
  readonly cases: readonly CaseName[];
  readonly sizes: readonly number[];
  /** Events of one batch. */
  readonly batchSizes: readonly number[];
  /** Of each measurement. */
  readonly seconds: number;
  readonly seed: number;
  readonly onFigures?: (figures: MatchFigures) => void;
}

export interface MatchFigures {
  readonly case: CaseName;
  readonly subscriptions: number;
  readonly contender: string;
  readonly eventsPerSecond: number;
  readonly matchesPerSecond: number;
  readonly matchesPerEvent: number;
  readonly microsPerEvent: number;
}

export interface MatchResult {
  readonly bench: 'match';
  readonly machine: MachineFacts;
  readonly seed: number;
  readonly seconds: number;
  /** Events for which all contenders gave the same answer; a different one throws. */
  readonly crossChecked: number;
  readonly figures: readonly MatchFigures[];
}

const CHECKED_EVENTS = 20;

export function matchBench(options: MatchOptions): MatchResult {
  const figures: MatchFigures[] = [];
  let crossChecked = 0;
  for (const name of options.cases) {
    for (const subscriptions of options.sizes) {
      const workload = workloadOf(name, subscriptions, options.seed);
      const contenders = contendersOf(name, workload, options.batchSizes);
      crossChecked += crossCheck(contenders, workload, `${name}, ${subscriptions} subscriptions`);
      for (const contender of contenders) {
        const measured = { case: name, subscriptions, ...measure(contender, options.seconds) };
        figures.push(measured);
        options.onFigures?.(measured);
      }
    }
  }
  const { seed, seconds } = options;
  return { bench: 'match', machine: machineFacts(), seed, seconds, crossChecked, figures };
}

function crossCheck(contenders: readonly Contender[], { events }: Workload, what: string): number {
  for (let at = 0; at < CHECKED_EVENTS; at++) {
    const event = events[(at * 197) % events.length];
    const [first, ...others] = contenders.map((contender) => ({ contender, found: contender.matchesOf(event).join() }));
    for (const { contender, found } of others) {
      if (found !== first.found) throw new Error(`${what}: ${first.contender.name} and ${contender.name} differ`);
    }
  }
  return CHECKED_EVENTS;
}

function measure(contender: Contender, seconds: number): Omit<MatchFigures, 'case' | 'subscriptions'> {
  // The first event of each topic makes the topic's plan.
  if (contender.name !== 'linear scan') for (let seen = 0; seen < EVENTS;) seen += contender.step().events;
  run(contender, seconds / 3);
  const { events, matches, micros } = run(contender, seconds);
  return {
    contender: contender.name,
    eventsPerSecond: (events * 1e6) / micros,
    matchesPerSecond: (matches * 1e6) / micros,
    matchesPerEvent: matches / events,
    microsPerEvent: micros / events,
  };
}

function run(contender: Contender, seconds: number): { events: number; matches: number; micros: number } {
  const start = monotonicMicros();
  const end = start + seconds * 1e6;
  let events = 0;
  let matches = 0;
  for (let steps = 0; ; steps++) {
    const step = contender.step();
    events += step.events;
    matches += step.matches;
    // The clock costs as much as a match does.
    if (step.matches > 2_000 || steps % 16 === 15 || contender.name === 'linear scan') {
      const now = monotonicMicros();
      if (now >= end) return { events, matches, micros: now - start };
    }
  }
}
