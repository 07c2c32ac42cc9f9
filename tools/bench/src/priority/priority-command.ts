import { numberOf, optionsOf, wordsOf } from '../command-line.js';
import { describeMachine, machineFacts } from '../machine.js';
import { table } from '../text-table.js';
import { type Pressure, type PriorityFigures, type PriorityOptions, runPriority } from './priority-run.js';

export const PRIORITY_USAGE = `npm run bench -- priority [options]

  --seconds S          measured seconds of each run (5)
  --rate R             deliveries of metrics per second that are offered while the CPU is saturated (3000000)
  --subscribers N      of metrics (200)
  --alerts R           alerts per second (20)
  --slow N             slow readers of the second run (50)
  --only cpu|sockets   one of the two runs
  --no-pin             do not pin the server to CPU 0 and the load to CPU 1
  --quick              2 s, fewer of everything: to see that it works
  --json               the figures of both runs as JSON on stdout`;

const PRESSURES = ['cpu', 'sockets'] as const satisfies readonly Pressure[];
/** The promise that is measured. */
const LIMIT_MS = 50;

export async function priorityCommand(args: readonly string[]): Promise<number> {
  const values = optionsOf(args, {
    seconds: { type: 'string' },
    rate: { type: 'string' },
    subscribers: { type: 'string' },
    alerts: { type: 'string' },
    slow: { type: 'string' },
    only: { type: 'string' },
    'no-pin': { type: 'boolean' },
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  const number = (name: 'seconds' | 'rate' | 'subscribers' | 'alerts' | 'slow', full: number, quick = full) =>
    numberOf(name, values[name] ?? String(values.quick ? quick : full));
  const pressures = values.only === undefined ? PRESSURES : wordsOf('only', values.only, PRESSURES);
  const common = {
    seconds: number('seconds', 5, 2),
    alertsPerSecond: number('alerts', 20),
    alertSubscribers: 20,
    metricSubscribers: number('subscribers', 200, 50),
    slowBytesPerSecond: 20_000,
    pin: !values['no-pin'],
  };
  const plans: Record<Pressure, PriorityOptions> = {
    cpu: {
      ...common,
      pressure: 'cpu',
      metricRate: number('rate', 3_000_000, 500_000),
      slowReaders: 0,
    },
    // A tenth of what the CPU can do: whatever lags, lags for its socket.
    sockets: {
      ...common,
      pressure: 'sockets',
      metricSubscribers: 20,
      metricRate: 20_000,
      slowReaders: number('slow', 50, 10),
    },
  };
  const results: PriorityFigures[] = [];
  for (const pressure of pressures) results.push(await runPriority(plans[pressure]));
  console.log(
    values.json
      ? JSON.stringify({ bench: 'priority', machine: machineFacts(), results }, undefined, 2)
      : report(results),
  );
  return results.every(({ alerts }) => alerts.fromScheduled.p99 <= LIMIT_MS && alerts.missing === 0) ? 0 : 1;
}

function report(results: readonly PriorityFigures[]): string {
  const ms = (value: number) => value.toFixed(1);
  const rows = results.flatMap(({ pressure, alerts, metrics, slowReaders }) => [
    ...(
      [
        [`${pressure}: alerts (priority 1)`, alerts],
        [`${pressure}: metrics (priority 5)`, metrics],
      ] as const
    ).map(([name, run]) => [
      name,
      String(Math.round(run.offeredPerSecond)),
      String(Math.round(run.deliveriesPerSecond)),
      ms(run.fromScheduled.p50),
      ms(run.fromScheduled.p99),
      ms(run.fromScheduled.max),
      String(run.missing),
    ]),
    ...(slowReaders === undefined
      ? []
      : [
          [
            `${slowReaders.open} slow readers took`,
            '',
            `${Math.round(slowReaders.bytesPerSecond / 1000)} kB/s`,
            '',
            '',
            '',
            '',
          ],
        ]),
  ]);
  const verdicts = results.map(({ pressure, alerts, metrics }) => {
    const { p99 } = alerts.fromScheduled;
    const cpu = metrics.serverCpuSeconds.toFixed(1);
    const others = `others used ${alerts.otherCores.toFixed(2)} cores`;
    return `${pressure}: p99 of an alert ${ms(p99)} ms, ${p99 <= LIMIT_MS ? 'within' : 'NOT within'} ${LIMIT_MS} ms (server ${cpu} CPU s; ${others})`;
  });
  const heading = ['', 'offered/s', 'delivered/s', 'p50 ms', 'p99 ms', 'max ms', 'missing'];
  return [describeMachine(machineFacts()), table([heading, ...rows]), ...verdicts].join('\n');
}
