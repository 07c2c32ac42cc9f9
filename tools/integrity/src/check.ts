/** One sentence of what must hold, and what was found. */
export interface Check {
  readonly what: string;
  readonly found: number;
  /** Undefined = told, not judged. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** A figure that is not a number holds nothing. */
export function holds({ found, atMost, atLeast }: Check): boolean {
  if (atMost === undefined && atLeast === undefined) return true;
  return found <= (atMost ?? Infinity) && found >= (atLeast ?? -Infinity);
}

/** The same checks of several runs: of each the figure that is farthest from what it should be. */
export function worstOf(runs: readonly (readonly Check[])[]): Check[] {
  return runs[0].map((check, index) => {
    const same = runs.map((checks) => checks[index]);
    const distance = ({ found, atMost, atLeast }: Check) =>
      Number.isNaN(found) ? Infinity : Math.max(found - (atMost ?? Infinity), (atLeast ?? -Infinity) - found);
    return same.reduce((worst, each) => (distance(each) > distance(worst) ? each : worst), check);
  });
}
