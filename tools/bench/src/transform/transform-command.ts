import { numberOf, optionsOf } from '../command-line.js';
import { describeMachine, machineFacts } from '../machine.js';
import { table } from '../text-table.js';
import { transformBench } from './transform.js';

export const TRANSFORM_USAGE = `npm run bench -- transform [options]

  --seconds S          of each case (2)
  --json               the figures as JSON on stdout`;

export function transformCommand(args: readonly string[]): number {
  const values = optionsOf(args, { seconds: { type: 'string', default: '2' }, json: { type: 'boolean' } });
  const seconds = numberOf('seconds', values.seconds);
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
