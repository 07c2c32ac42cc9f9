import { answered, numberOf, optionsOf, UsageError } from '@distributary/bench';
import { type Mutation, MUTATIONS } from './mutation.js';
import { shortest, simulate, type SimulationReport } from './simulation.js';

const USAGE = `npm run integrity -- simulation [options]

  The core in one process, on a simulated broker, network and clock, through random schedules of faults; judged by the
  ledger. Ends at the first schedule that breaks a promise, and prints it as short as it can.

  --seed N        of the first schedule; the same seed is the same run
  --schedules N   at most so many; with --seed, 1 unless --seconds is given
  --seconds N     at most so long; 60 unless --schedules is given
  --mutation X    makes the core wrong on purpose, to see that it is found:
${Object.entries(MUTATIONS)
  .map(([name, about]) => `                    ${name.padEnd(20)} ${about}`)
  .join('\n')}`;

const DEFAULT_SECONDS = 60;

/** The exit code. */
export const simulationCommand = (args: readonly string[]): Promise<number> => answered(USAGE, args, play);

async function play(args: readonly string[]): Promise<number> {
  const values = optionsOf(args, {
    seed: { type: 'string' },
    schedules: { type: 'string' },
    seconds: { type: 'string' },
    mutation: { type: 'string' },
  });
  const mutation = values.mutation as Mutation | undefined;
  if (mutation !== undefined && !Object.hasOwn(MUTATIONS, mutation)) throw new UsageError(`no mutation ${mutation}`);
  for (const name of ['seed', 'schedules', 'seconds'] as const) {
    const text = values[name];
    if (text !== undefined && !Number.isSafeInteger(numberOf(name, text, { atLeast: 0 })))
      throw new UsageError(`--${name} must be a whole number (given: ${text})`);
  }
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  const isOne = values.seed !== undefined && values.seconds === undefined;
  const maxSchedules = values.schedules === undefined ? (isOne ? 1 : Infinity) : Number(values.schedules);
  const isBounded = values.seconds === undefined && maxSchedules !== Infinity;
  const maxMs = isBounded ? Infinity : Number(values.seconds ?? DEFAULT_SECONDS) * 1000;
  console.error(`simulation: first seed ${seed}`);
  const report = await simulate({ seed, maxSchedules, maxMs, maxFailures: 1, mutation });
  console.log(summaryOf(report));
  for (const { seed: failed } of report.failures) console.log(await failureOf(failed, mutation));
  return report.failures.length === 0 ? 0 : 1;
}

function summaryOf({ schedules, tookMs, events, deliveries, simulatedMs, failures }: SimulationReport): string {
  const perMinute = Math.round((schedules * 60_000) / tookMs);
  const figures = [
    `${schedules} schedules in ${(tookMs / 1000).toFixed(1)} s (${perMinute} a minute)`,
    `${events} events, ${deliveries} delivered`,
    `${Math.round(simulatedMs / 60_000)} simulated minutes`,
  ];
  return `simulation: ${failures.length === 0 ? 'holds' : 'BROKEN'}; ${figures.join('; ')}`;
}

async function failureOf(seed: number, mutation: Mutation | undefined): Promise<string> {
  const { schedule, outcome } = await shortest(seed, mutation);
  const { plans, steps, gateways, segmentBytes, rewindMs } = schedule;
  return [
    `seed ${seed}: again with npm run integrity -- simulation --seed ${seed}${mutation ? ` --mutation ${mutation}` : ''}`,
    `as short as was found: ${gateways} gateways, segments of ${segmentBytes} bytes, rewound by ${rewindMs} ms`,
    `subscriptions ${plans.map(({ name }) => name).join(', ')}`,
    ...steps.map((step) => `  ${JSON.stringify(step)}`),
    ...outcome.violations.map((violation) => `  ✗ ${violation}`),
  ].join('\n');
}
