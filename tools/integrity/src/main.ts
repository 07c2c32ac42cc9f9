import { parseArgs } from 'node:util';
import { SCENARIOS } from './scenarios.js';
import { SeededRandom } from './seeded-random.js';
import { verdictOf, verdictText, type Verdict } from './verdict.js';

const USAGE = `npm run integrity -- <scenario>… [options]

${SCENARIOS.map(({ name, about }) => `  ${name.padEnd(14)} ${about}`).join('\n')}
  all            each of them, one after the other

  --seed N       chance as in an earlier run; printed by each
  --small        short, as with the tests
  --json         the verdicts as JSON on stdout`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    small: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const names = positionals.includes('all') ? SCENARIOS.map(({ name }) => name) : positionals;
const unknown = names.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
if (values.help || names.length === 0 || unknown.length > 0) {
  console.error(unknown.length > 0 ? `no scenario ${unknown.join(', ')}\n\n${USAGE}` : USAGE);
  process.exit(values.help ? 0 : 2);
}
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!Number.isSafeInteger(seed)) throw new Error(`not a seed: ${values.seed}`);

const verdicts: Verdict[] = [];
for (const scenario of SCENARIOS.filter(({ name }) => names.includes(name))) {
  const tell = (line: string) => console.error(`${scenario.name}: ${line}`);
  tell(`seed ${seed}`);
  const startedAt = performance.now();
  const found = await scenario.run({ random: new SeededRandom(seed), small: values.small, tell });
  const tookSeconds = (performance.now() - startedAt) / 1000;
  verdicts.push(verdictOf({ scenario: scenario.name, seed, small: values.small, tookSeconds }, found));
}
console.log(values.json ? JSON.stringify(verdicts, undefined, 2) : verdicts.map(verdictText).join('\n\n'));
process.exitCode = verdicts.every((verdict) => verdict.holds) ? 0 : 1;
