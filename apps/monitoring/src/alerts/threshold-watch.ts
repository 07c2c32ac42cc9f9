import type { AlertRule } from './alert-rule.js';

/**
 * One rule over one series.
 * - `quiet`: nothing to say. Left when the value is beyond the threshold.
 * - `pending`: beyond the threshold, not yet for long enough. Back to quiet at the first value that is not.
 * - `firing`: an alert is active. Left only at the clear level.
 */
export type WatchState =
  | { readonly kind: 'quiet' }
  | { readonly kind: 'pending'; readonly sinceMicros: number }
  | { readonly kind: 'firing'; readonly sinceMicros: number };

export type WatchChange = 'raised' | 'resolved' | undefined;

export const QUIET: WatchState = { kind: 'quiet' };

/** What one more value does. A value older than the beginning of a breach changes nothing about its length. */
export function watch(
  rule: AlertRule,
  state: WatchState,
  value: number,
  timeMicros: number,
): { readonly state: WatchState; readonly change: WatchChange } {
  if (state.kind === 'firing') {
    return isClear(rule, value) ? { state: QUIET, change: 'resolved' } : { state, change: undefined };
  }
  if (!isBeyond(rule, value)) return { state: QUIET, change: undefined };
  const sinceMicros = state.kind === 'pending' ? state.sinceMicros : timeMicros;
  if (timeMicros - sinceMicros < rule.forMs * 1000) {
    return { state: { kind: 'pending', sinceMicros }, change: undefined };
  }
  return { state: { kind: 'firing', sinceMicros }, change: 'raised' };
}

function isBeyond({ comparison, threshold }: AlertRule, value: number): boolean {
  return comparison === 'above' ? value > threshold : value < threshold;
}

function isClear({ comparison, clear }: AlertRule, value: number): boolean {
  return comparison === 'above' ? value <= clear : value >= clear;
}
