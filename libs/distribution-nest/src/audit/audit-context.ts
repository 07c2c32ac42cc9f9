import { AsyncLocalStorage } from 'node:async_hooks';

interface Act {
  before: unknown;
  target: string | undefined;
}

const acts = new AsyncLocalStorage<Act>();

/** What the handler within finds out about its act. */
export function withinAct<Result>(work: (act: Act) => Result): Result {
  const act: Act = { before: undefined, target: undefined };
  return acts.run(act, () => work(act));
}

/** To be called by whoever changes something, with what it was before; without effect outside of an audited act. */
export function auditBefore(view: unknown): void {
  const act = acts.getStore();
  if (act !== undefined) act.before = view;
}

/** What the act is done to, where neither its path nor its request say so. */
export function auditTarget(name: string): void {
  const act = acts.getStore();
  if (act !== undefined) act.target = name;
}
