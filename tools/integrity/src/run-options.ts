import { parseArgs } from 'node:util';
import type { Scenario } from './scenario.js';
import { BROKER_KINDS, type BrokerKind } from './stage/broker.js';

export interface RunOptions {
  readonly scenarios: readonly Scenario[];
  readonly seed: number;
  readonly broker: BrokerKind;
  readonly small: boolean;
  readonly events: number | undefined;
  /** Events a second, where a scenario may be told. */
  readonly rate: number | undefined;
  /** So many of the scenarios, chosen by the commit. */
  readonly rotate: number | undefined;
  /** The commit of the version that is upgraded. */
  readonly from: string | undefined;
  /** Where the verdicts go as JSON; `-` is stdout. */
  readonly json: string | undefined;
}

const usage = (scenarios: readonly Scenario[]): string => `npm run integrity -- [<scenario>…] [options]

${scenarios.map(({ name, about }) => `  ${name.padEnd(18)} ${about}`).join('\n')}
  all, or none named: each that the broker can play, one after the other
  simulation         random schedules in one process: simulation --help

  --seed N           chance as in an earlier run; printed by each
  --events N         at least so many events each (those that publish until they have enough)
  --rate N           so many events a second, in stopped-reader
  --broker KIND      ${BROKER_KINDS.join(' or ')}; default embedded
  --rotate N         N of them, chosen by the commit
  --from REF         rolling-upgrade begins with the version of this commit; default the last tag, without any the commit before
  --small            short, as with the tests
  --json FILE        the verdicts as JSON; - is stdout`;

/** What was asked for; otherwise what to tell instead. */
export function parseRunOptions(args: readonly string[], all: readonly Scenario[]): RunOptions | string {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        seed: { type: 'string' },
        events: { type: 'string' },
        rate: { type: 'string' },
        broker: { type: 'string', default: 'embedded' },
        rotate: { type: 'string' },
        from: { type: 'string' },
        small: { type: 'boolean', default: false },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return `${(error as Error).message}\n\n${usage(all)}`;
  }
  const { values, positionals } = parsed;
  if (values.help) return usage(all);
  const problems: string[] = [];
  const whole = (name: 'seed' | 'events' | 'rate' | 'rotate', least: number): number | undefined => {
    const text = values[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least)
      problems.push(`--${name}: not a whole number from ${least} on: ${text}`);
    return value;
  };
  const broker = BROKER_KINDS.find((kind) => kind === values.broker);
  if (broker === undefined) problems.push(`--broker: ${values.broker} is none of ${BROKER_KINDS.join(', ')}`);
  const names = positionals.filter((name) => name !== 'all');
  const isAll = names.length === 0;
  for (const name of names) {
    const scenario = all.find((each) => each.name === name);
    if (scenario === undefined) problems.push(`no scenario ${name}`);
    else if (broker !== undefined && !scenario.brokers.includes(broker)) problems.push(`${name} is not for ${broker}`);
  }
  const seed = whole('seed', 0) ?? Math.floor(Math.random() * 2 ** 31);
  const events = whole('events', 1);
  const rate = whole('rate', 1);
  const rotate = whole('rotate', 1);
  if (rotate !== undefined && !all.some(({ name, isRotated }) => isRotated && (isAll || names.includes(name))))
    problems.push(`--rotate: of ${names.join(', ')} none is rotated`);
  if (broker === undefined || problems.length > 0) return `${problems.join('\n')}\n\n${usage(all)}`;
  const scenarios = all.filter(({ name, brokers }) => (isAll ? brokers.includes(broker) : names.includes(name)));
  const { small, from, json } = values;
  return { scenarios, seed, broker, small, events, rate, rotate, from, json };
}
