/**
 * starting  from construction; nothing is served, health says not ready.
 * ready     all start steps are done.
 * draining  told to stop, or a start step failed; no new work is taken.
 * stopped   all drain steps are done or out of time. Nothing leads out of it.
 */
export const LIFECYCLE_STATES = ['starting', 'ready', 'draining', 'stopped'] as const;
export type LifecycleState = (typeof LIFECYCLE_STATES)[number];

const NEXT = {
  starting: ['ready', 'draining'],
  ready: ['draining'],
  draining: ['stopped'],
  stopped: [],
} as const satisfies Record<LifecycleState, readonly LifecycleState[]>;

export function canFollow(from: LifecycleState, to: LifecycleState): boolean {
  const allowed: readonly LifecycleState[] = NEXT[from];
  return allowed.includes(to);
}
