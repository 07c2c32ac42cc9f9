import fs from 'node:fs';
import { numberOf, optionsAndNamesOf, UsageError } from '../command-line.js';
import { table } from '../text-table.js';
import { type CpuProfile, timeByArea } from './cpu-profile.js';

export const WHERE_USAGE = `npm run bench -- where FILE… [options]

Where the time of the main thread went, by a profile that --profile DIR has left: time in functions themselves, by the folder
or package that they are from.

  --from S             seconds from the beginning of the profile on: what starts the service is no part of a case (0)
  --to S               seconds from the beginning of the profile (all of it)
  --least P            percent of the busy time from which on an area is named (1)`;

export function whereCommand(args: readonly string[]): number {
  const { values, positionals } = optionsAndNamesOf(args, {
    from: { type: 'string', default: '0' },
    to: { type: 'string' },
    least: { type: 'string', default: '1' },
  });
  if (positionals.length === 0) throw new UsageError('which profile?');
  const stretch = {
    from: numberOf('from', values.from, { atLeast: 0 }),
    to: values.to === undefined ? Number.POSITIVE_INFINITY : numberOf('to', values.to),
  };
  const least = numberOf('least', values.least, { atLeast: 0 });
  for (const file of positionals) {
    const { seconds, busySeconds, areas } = timeByArea(profileIn(file), stretch);
    const percent = (part: number) => (100 * part) / busySeconds;
    const rows = areas
      .filter((area) => percent(area.seconds) >= least)
      .map((area) => [area.area, `${percent(area.seconds).toFixed(1)} %`]);
    const rest =
      100 - areas.reduce((sum, area) => sum + (percent(area.seconds) >= least ? percent(area.seconds) : 0), 0);
    console.log(`${file}: busy for ${busySeconds.toFixed(1)} of ${seconds.toFixed(1)} s`);
    console.log(`${table([['area', 'of the busy time'], ...rows, ['the rest', `${Math.abs(rest).toFixed(1)} %`]])}\n`);
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
