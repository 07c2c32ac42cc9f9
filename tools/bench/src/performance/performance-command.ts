import { parseArgs } from 'node:util';
import { describeMachine, machineFacts } from '../machine.js';
import { caseReport, verdictOf } from './case-report.js';
import { CASES } from './cases.js';
import type { CaseResult, PerformanceCase } from './performance-case.js';

export const PERFORMANCE_USAGE = `npm run bench -- <case> [options], npm run bench -- all [options]

${CASES.map(({ name, title }) => `  ${name.padEnd(20)} ${title}`).join('\n')}

  --seconds S          measured seconds of each run (5)
  --pairs N            interleaved pairs with what it is compared to (5)
  --no-pin             do not pin the server to CPU 0 and the load to CPU 1
  --profile DIR        the server leaves profiles of its processor time there (for Chromium's DevTools or speedscope)
  --quick              small and short, nothing is judged: to see that it works
  --json               everything as JSON on stdout`;

export const casesOf = (name: string | undefined): readonly PerformanceCase[] =>
  name === 'all' ? CASES : CASES.filter((each) => each.name === name);

/** 0 if every goal was reached and nothing was found. */
export async function performanceCommand(cases: readonly PerformanceCase[], args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '5' },
      pairs: { type: 'string', default: '5' },
      'no-pin': { type: 'boolean', default: false },
      profile: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const results: (CaseResult & { readonly case: string })[] = [];
  for (const each of cases) {
    const result = await each.run({
      seconds: Number(values.seconds),
      pairs: Number(values.pairs),
      quick: values.quick,
      pin: !values['no-pin'],
      profileFolder: values.profile,
      note: (line) => console.error(`${each.name}: ${line}`),
    });
    results.push({ case: each.name, ...result });
    if (!values.json) console.log(`${caseReport(`${each.name}: ${each.title}`, result, !values.quick)}\n`);
  }
  const machine = machineFacts();
  console.log(values.json ? JSON.stringify({ machine, results }, undefined, 2) : describeMachine(machine));
  const isBad = ({ figures, findings }: CaseResult) =>
    findings.length > 0 || (!values.quick && figures.some((figure) => verdictOf(figure) === 'missed'));
  return results.some(isBad) ? 1 : 0;
}
