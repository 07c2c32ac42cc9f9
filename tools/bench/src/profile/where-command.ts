import fs from 'node:fs';
import { numberOf, optionsAndNamesOf, UsageError } from '../command-line.js';
import { table } from '../text-table.js';
import { type CpuProfile, timeByArea, timeByFunction } from './cpu-profile.js';

export const WHERE_USAGE = `npm run bench -- where FILE… [options]

Where the time of the main thread went, by a profile that --profile DIR has left: time in functions themselves, by the folder
or package that they are from.

  --from S             seconds from the beginning of the profile on: what starts the service is no part of a case (0)
  --to S               seconds from the beginning of the profile (all of it)
  --least P            percent of the busy time from which on an area is named (1)
  --inclusive          by function, each with all that it called: what would be gained at most if it cost nothing`;

export function whereCommand(args: readonly string[]): number {
  const { values, positionals } = optionsAndNamesOf(args, {
    from: { type: 'string', default: '0' },
    to: { type: 'string' },
    least: { type: 'string', default: '1' },
    inclusive: { type: 'boolean', default: false },
  });
  if (positionals.length === 0) throw new UsageError('which profile?');
  const stretch = {
    from: numberOf('from', values.from, { atLeast: 0 }),
    to: values.to === undefined ? Number.POSITIVE_INFINITY : numberOf('to', values.to),
  };
  const least = numberOf('least', values.least, { atLeast: 0 });
  for (const file of positionals) {
    const profile = profileIn(file);
    const { seconds, busySeconds, areas } = (values.inclusive ? timeByFunction : timeByArea)(profile, stretch);
    const shares = areas.map(({ area, seconds: part }) => ({ area, percent: (100 * part) / busySeconds }));
    const named = shares.filter(({ percent }) => percent >= least);
    const rest = 100 - named.reduce((sum, { percent }) => sum + percent, 0);
    const rows = named.map(({ area, percent }) => [area, `${percent.toFixed(1)} %`]);
    // Of functions with all that they called the shares overlap.
    if (!values.inclusive) rows.push(['the rest', `${Math.abs(rest).toFixed(1)} %`]);
    console.log(`${file}: busy for ${busySeconds.toFixed(1)} of ${seconds.toFixed(1)} s`);
    console.log(`${table([[values.inclusive ? 'function' : 'area', 'of the busy time'], ...rows])}\n`);
  }
  return 0;
}

function profileIn(file: string): CpuProfile {
  let profile: Partial<CpuProfile>;
  try {
    profile = JSON.parse(fs.readFileSync(file, 'utf8')) as Partial<CpuProfile>;
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const { nodes, samples, timeDeltas } = profile;
  if (nodes === undefined || samples === undefined || timeDeltas === undefined) {
    throw new UsageError(`${file} is no profile of processor time`);
  }
  return { nodes, samples, timeDeltas };
}
