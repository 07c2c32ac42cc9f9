import { AsyncLocalStorage } from 'node:async_hooks';

interface Act {
  before: unknown;
  target: string | undefined;
}

const acts = new AsyncLocalStorage<Act>();

let underway = 0;

/**
 * What the handler within finds out about its act. Administration is rare, and while Node (before 24) follows a store it calls
 * hooks for every promise and every write of the process, a tenth of what fan-out costs: so it is followed only meanwhile.
 */
export async function withinAct<Result>(work: (act: Act) => Promise<Result>): Promise<Result> {
  const act: Act = { before: undefined, target: undefined };
  underway++;
  try {
    return await acts.run(act, () => work(act));
  } finally {
    if (--underway === 0) acts.disable();
  }
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
