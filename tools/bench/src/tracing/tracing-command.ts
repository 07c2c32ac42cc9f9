import { numberOf, optionsOf } from '../command-line.js';
import { describeMachine } from '../machine.js';
import { table } from '../text-table.js';
import { tracingBench, type TracingBenchResult } from './tracing.js';

export const TRACING_USAGE = `npm run bench -- tracing [options]

  --batch N            events of one publish (50)
  --rounds N           interleaved rounds (5)
  --seconds S          of each way and round (0.3)
  --json               the figures as JSON on stdout`;

export async function tracingCommand(args: readonly string[]): Promise<number> {
  const values = optionsOf(args, {
    batch: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.3' },
    json: { type: 'boolean', default: false },
  });
  const result = await tracingBench({
    batchSize: numberOf('batch', values.batch),
    rounds: numberOf('rounds', values.rounds),
    secondsPerRound: numberOf('seconds', values.seconds),
  });
  console.log(values.json ? JSON.stringify(result, undefined, 2) : tracingReport(result));
  return 0;
}

export function tracingReport({ machine, batchSize, figures }: TracingBenchResult): string {
  const whole = (value: number) => Math.round(value).toLocaleString('en-US');
  const rows = figures.map(({ way, eventsPerSecond: { median, min, max } }) => [
    way,
    whole(median),
    whole(min),
    whole(max),
    `${((median / figures[0].eventsPerSecond.median) * 100).toFixed(1)} %`,
  ]);
  return [
    describeMachine(machine),
    `ingest, batches of ${batchSize}, log in memory`,
    '',
    table([['tracing', 'events/CPU s', 'min', 'max', 'of off'], ...rows]),
  ].join('\n');
}
