import fs from 'node:fs';
import { inspect } from 'node:util';
import { machineFacts } from '@distributary/bench';
import { parseRunOptions, type RunOptions } from './run-options.js';
import { rotated } from './rotation.js';
import { SCENARIOS } from './scenarios.js';
import type { Scenario } from './scenario.js';
import { SeededRandom } from './seeded-random.js';
import { simulationCommand } from './simulation/command.js';
import { summaryText } from './summary-table.js';
import { failedVerdict, verdictOf, verdictText, type Verdict } from './verdict.js';

if (process.argv[2] === 'simulation') process.exit(await simulationCommand(process.argv.slice(3)));

const parsed = parseRunOptions(process.argv.slice(2), SCENARIOS);
if (typeof parsed === 'string') {
  console.error(parsed);
  process.exit(process.argv.includes('--help') ? 0 : 2);
}
const options: RunOptions = parsed;
const chosen =
  options.rotate === undefined ? options.scenarios : rotated(options.scenarios, options.rotate, machineFacts().commit);

// Whatever was started ends when this process exits, which it does not where a signal ends it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

const verdicts: Verdict[] = [];
for (const scenario of chosen) verdicts.push(await run(scenario));

const json = JSON.stringify(verdicts, undefined, 2);
if (options.json === '-') console.log(json);
else {
  if (options.json !== undefined) fs.writeFileSync(options.json, `${json}\n`);
  // Of many only what is broken is told in full.
  const told = verdicts.length === 1 ? verdicts : verdicts.filter(({ holds }) => !holds);
  for (const verdict of told) console.log(`${verdictText(verdict)}\n`);
  console.log(summaryText(verdicts));
}
// One that failed may have left something waiting.
process.exit(verdicts.every((verdict) => verdict.holds) ? 0 : 1);

async function run(scenario: Scenario): Promise<Verdict> {
  const { seed, small, broker, events, rate, from } = options;
  const tell = (line: string) => console.error(`${scenario.name}: ${line}`);
  tell(`seed ${seed}`);
  const startedAt = performance.now();
  const facts = () => ({
    scenario: scenario.name,
    seed,
    small,
    broker,
    tookSeconds: (performance.now() - startedAt) / 1000,
  });
  try {
    const found = await scenario.run({ random: new SeededRandom(seed), small, broker, events, rate, from, tell });
    return verdictOf(facts(), found);
  } catch (error) {
    // One that cannot even be played is broken; the others are still of interest.
    // With what caused it: that a request failed says nothing by itself.
    tell(inspect(error));
    return failedVerdict(facts(), error);
  }
}
