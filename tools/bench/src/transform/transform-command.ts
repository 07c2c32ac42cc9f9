import { parseArgs } from 'node:util';
import { describeMachine, machineFacts } from '../machine.js';
import { table } from '../text-table.js';
import { transformBench } from './transform.js';

export const TRANSFORM_USAGE = `npm run bench -- transform [options]

  --seconds S          of each case (2)
  --json               the figures as JSON on stdout`;

export function transformCommand(args: readonly string[]): number {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    console.error(TRANSFORM_USAGE);
    return 0;
  }
  const seconds = Number(values.seconds ?? 2);
  if (!(seconds > 0)) throw new Error(`not a positive number: ${values.seconds}`);
  const figures = transformBench(seconds);
  const machine = machineFacts();
  if (values.json === true) console.log(JSON.stringify({ machine, figures }, undefined, 2));
  else {
    const rows = figures.map((each) => [
      each.case,
      String(Math.round(each.eventsPerSecond)),
      each.microsPerEvent.toFixed(1),
      Math.round(each.maxMicros).toString(),
      String(each.steps),
      each.outcome,
    ]);
    console.log(`transform, one core\n${describeMachine(machine)}\n`);
    console.log(table([['case', 'events/s', 'µs/event', 'max µs', 'steps', 'ends as'], ...rows]));
  }
  return 0;
}
