import { median, noiseIn } from '../statistics.js';
import type { CaseResult } from './performance-case.js';

/** Ratios to a peer of the same run, by case and figure: unlike rates, they mean something on another machine. */
export type Baselines = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface NamedResult extends CaseResult {
  readonly case: string;
}

/** Runs of one thing differ by this much on a quiet machine, even when a few of them happen not to. */
const LEAST_NOISE = 0.05;

/** Of figures that may be off by more, nothing can be said: any goal would be reached, and any baseline kept. */
export const MOST_NOISE = 0.3;

export const isTooNoisy = (noise: number | undefined): boolean => noise !== undefined && noise > MOST_NOISE;

/**
 * By how much a peer differs from itself from run to run, as a share: the median over neighbouring runs of the case that
 * differs most. It is what a figure of the same session may be off by.
 */
export function noiseOf(results: readonly CaseResult[]): number {
  const noises = results.flatMap(({ figures }) =>
    figures.filter(({ isPeer, values }) => isPeer === true && values.length > 1).map(({ values }) => noiseIn(values)),
  );
  return Math.max(LEAST_NOISE, ...noises);
}

/** Of the cases in which nothing was found. */
export function baselinesOf(results: readonly NamedResult[]): Baselines {
  return Object.fromEntries(
    results
      .filter(({ findings }) => findings.length === 0)
      .map((result) => [
        result.case,
        Object.fromEntries(
          result.figures
            .filter(({ isBaseline }) => isBaseline === true)
            .map(({ name, values }) => [name, Number(median(values).toPrecision(3))]),
        ),
      ])
      .filter(([, ratios]) => Object.keys(ratios).length > 0),
  ) as Baselines;
}

/** Each ratio that is lower than its baseline by more than the noise, in words. */
export function belowBaselines(results: readonly NamedResult[], baselines: Baselines, noise: number): string[] {
  const now = baselinesOf(results);
  return Object.entries(now).flatMap(([name, ratios]) =>
    Object.entries(ratios)
      .filter(([figure, ratio]) => ratio < (baselines[name]?.[figure] ?? 0) * (1 - noise))
      .map(([figure, ratio]) => `${name}: ${figure} is ${ratio}, it was ${baselines[name][figure]}`),
  );
}
