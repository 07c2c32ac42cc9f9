import fs from 'node:fs';
import path from 'node:path';
import { numberOf, optionsOf } from '../command-line.js';
import { describeMachine, machineFacts } from '../machine.js';
import {
  type Baselines,
  baselinesOf,
  belowBaselines,
  isTooNoisy,
  MOST_NOISE,
  type NamedResult,
  noiseOf,
} from './baselines.js';
import { caseReport, isFailed } from './case-report.js';
import { CASES } from './cases.js';
import type { CaseOptions, PerformanceCase } from './performance-case.js';

export const PERFORMANCE_USAGE = `npm run bench -- <case> [options], npm run bench -- all [options]

${CASES.map(({ name, title }) => `  ${name.padEnd(20)} ${title}`).join('\n')}

  --seconds S          measured seconds of each run (5)
  --pairs N            interleaved pairs with what it is compared to (5)
  --no-pin             do not pin the server to CPU 0 and the load to CPU 1
  --profile DIR        the server leaves profiles of its processor time there (for \`where\`, Chromium's DevTools or speedscope)
  --quick              small and short, nothing is judged: to see that it works
  --json               everything as JSON on stdout
  --write-baselines    the ratios of this run become what later ones are held to, where nothing was found`;

export const casesOf = (name: string | undefined): readonly PerformanceCase[] =>
  name === 'all' ? CASES : CASES.filter((each) => each.name === name);

const BASELINES = path.resolve(import.meta.dirname, '../../baselines/ratios.json');

/** 0 if there was little noise, every goal was reached but for it, nothing was found, and no ratio is below its baseline. */
export async function performanceCommand(cases: readonly PerformanceCase[], args: readonly string[]): Promise<number> {
  const values = optionsOf(args, {
    seconds: { type: 'string', default: '5' },
    pairs: { type: 'string', default: '5' },
    'no-pin': { type: 'boolean', default: false },
    profile: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'write-baselines': { type: 'boolean', default: false },
  });
  const results: NamedResult[] = [];
  for (const each of cases) {
    const options: CaseOptions = {
      seconds: numberOf('seconds', values.seconds),
      pairs: numberOf('pairs', values.pairs),
      quick: values.quick,
      pin: !values['no-pin'],
      profileFolder: values.profile,
      note: (line) => console.error(`${each.name}: ${line}`),
    };
    // One that fails must not take the others with it.
    const result = await each.run(options).catch((error: Error) => ({ figures: [], findings: [error.message] }));
    results.push({ case: each.name, ...result });
  }
  const noise = values.quick ? undefined : noiseOf(results);
  const known = JSON.parse(fs.readFileSync(BASELINES, 'utf8')) as Baselines;
  const below = noise === undefined ? [] : belowBaselines(results, known, noise);
  const isNoisy = isTooNoisy(noise);
  if (values['write-baselines'] && !isNoisy) {
    fs.writeFileSync(BASELINES, `${JSON.stringify({ ...known, ...baselinesOf(results) }, undefined, 2)}\n`);
  }
  if (isNoisy) {
    const kept = values['write-baselines'] ? ', and no baselines are written' : '';
    console.error(`! too noisy to judge${kept}: a peer may differ by ${(MOST_NOISE * 100).toFixed(0)} %`);
  }
  const machine = machineFacts();
  if (values.json) console.log(JSON.stringify({ machine, noise, results, below }, undefined, 2));
  else {
    cases.forEach(({ name, title }, index) =>
      console.log(`${caseReport(`${name}: ${title}`, results[index], noise)}\n`),
    );
    for (const each of below) console.log(`! ${each}`);
    if (noise !== undefined) console.log(`noise ${(noise * 100).toFixed(0)} %: what a peer differs by from run to run`);
    console.log(describeMachine(machine));
  }
  return isFailed(results, below, noise) ? 1 : 0;
}
