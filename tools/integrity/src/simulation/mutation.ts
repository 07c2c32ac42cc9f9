import type { Fault } from './schedule.js';

/**
 * Ways in which the system under simulation is made wrong on purpose, to see that the oracle finds it. Each breaks one
 * promise of the guarantees, at the place where a defect of that kind would be.
 */
export const MUTATIONS = {
  'ignores-generations': 'the store takes positions from owners that were replaced',
  'loses-append': 'the log forgets an append that it acknowledged, now and then',
  'drops-event': 'frames leave out an event, now and then',
  'hides-gap': 'gaps are not announced',
  'forgets-copies': 'readers do not know which events are copies',
  'stores-ahead': 'stored positions are one event ahead of what was acknowledged',
  'reorders-append': 'the log stores the records of an append the wrong way round, now and then',
  'splits-transaction': 'copies and the position behind them are two acts, the position first',
} as const;

export type Mutation = keyof typeof MUTATIONS;

/** What alone brings some of them to light, and is rare among all the faults. */
export const FOCUS_OF: Readonly<Partial<Record<Mutation, Fault>>> = {
  // An owner must be stopped in the moment between an acknowledgement and its storing, for longer than its term.
  'ignores-generations': 'gateway-pause',
};
