import { isTooNoisy } from './baselines.js';
import { spreadOf } from '../statistics.js';
import { table } from '../text-table.js';
import type { CaseResult, Figure } from './performance-case.js';

export type Verdict = 'reached' | 'missed' | '';

/** `tolerance`: as a share of the goal, what noise may take from the figure. */
export function verdictOf({ goal, values }: Figure, tolerance = 0): Verdict {
  if (goal === undefined) return '';
  const { median } = spreadOf(values);
  const isReached =
    'atLeast' in goal ? median >= goal.atLeast * (1 - tolerance) : median <= goal.atMost * (1 + tolerance);
  return isReached ? 'reached' : 'missed';
}

/** `noise`: as below; absent: only what was found counts. `below`: ratios that are below their baselines. */
export function isFailed(results: readonly CaseResult[], below: readonly string[], noise: number | undefined): boolean {
  const isMissed = ({ figures }: CaseResult) =>
    noise !== undefined && figures.some((figure) => verdictOf(figure, noise) === 'missed');
  const isBad = (result: CaseResult) => result.findings.length > 0 || isMissed(result);
  return isTooNoisy(noise) || below.length > 0 || results.some(isBad);
}

/**
 * One line a figure: median (least to most), the goal, and whether it was reached. `noise`: what goals are judged with;
 * absent: they are not judged.
 */
export function caseReport(title: string, { figures, findings }: CaseResult, noise: number | undefined): string {
  const rows = figures.map((figure) => [
    figure.name,
    valueText(figure),
    ...(noise === undefined ? [] : [goalText(figure), verdictOf(figure, noise)]),
  ]);
  return [title, table([['', 'median (min–max)', 'goal', ''], ...rows]), ...findings.map((each) => `! ${each}`)].join(
    '\n',
  );
}

function valueText({ values, unit }: Figure): string {
  const { median, min, max } = spreadOf(values);
  const spread = values.length === 1 ? '' : ` (${number(min)}–${number(max)})`;
  return `${number(median)}${spread} ${unit}`;
}

function goalText({ goal, unit }: Figure): string {
  if (goal === undefined) return '';
  return 'atLeast' in goal ? `≥ ${number(goal.atLeast)} ${unit}` : `≤ ${number(goal.atMost)} ${unit}`;
}

function number(value: number): string {
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
