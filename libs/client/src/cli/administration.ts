import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { Option } from 'commander';
import { requestJson } from '../rest/rest-client.js';
import { UsageError } from './failure.js';
import { positiveInteger } from './positive-integer.js';
import { startOf } from './tail.js';
import { printable, type Terminal, writeLine } from './terminal.js';
import { type TokenOptions, withToken } from './token.js';

interface CommonOptions extends TokenOptions {
  readonly url: string;
  readonly json?: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  /** Creating requests bear a key, so that they may be sent again. */
  readonly isCreating?: boolean;
}

/** One request to the administration; its answer as lines `field  value`, or as one JSON value. */
async function ask(terminal: Terminal, options: CommonOptions, resource: string, asked: Asked = {}): Promise<void> {
  const { method, body, isCreating = false } = asked;
  const answer = await requestJson(
    { url: options.url, fetch, token: terminal.token, signal: terminal.stop },
    resource,
    {
      ...(method !== undefined && { method }),
      ...(body !== undefined && { body }),
      ...(isCreating && { headers: { 'idempotency-key': randomUUID() } }),
    },
  );
  if (answer === undefined) return writeLine(terminal, options.json === true ? 'null' : 'done');
  if (options.json === true) return writeLine(terminal, JSON.stringify(answer));
  for (const line of linesOf(answer as Fields)) await writeLine(terminal, line);
}

function linesOf(answer: Fields): string[] {
  const width = Math.max(...Object.keys(answer).map((name) => name.length));
  return Object.entries(answer).flatMap(([name, value]) => {
    const head = name.padEnd(width);
    if (!Array.isArray(value) || !value.some((item) => typeof item === 'object')) return [`${head}  ${textOf(value)}`];
    return value.map((item, index) => `${index === 0 ? head : ' '.repeat(width)}  ${textOf(item)}`);
  });
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(textOf).join(',');
  if (typeof value !== 'object') return printable(String(value));
  return Object.entries(value)
    .map(([name, member]) => `${name}=${textOf(member)}`)
    .join(' ');
}

const list = (text: string | undefined): string[] | undefined => text?.split(',').map((part) => part.trim());

interface TopicOptions extends CommonOptions {
  readonly dataType?: string;
  readonly partitions?: number;
  readonly retention?: string;
  readonly priority?: number;
  readonly conflate?: string;
  readonly enable?: boolean;
  readonly disable?: boolean;
  readonly force?: boolean;
}

interface SubscriptionOptions extends CommonOptions {
  readonly patterns?: string;
  readonly filter?: string;
  readonly keys?: string;
  readonly dataTypes?: string;
  readonly services?: string;
  readonly subscriberService?: string;
  readonly type?: string;
  readonly from?: string;
  readonly to?: string;
}

/** `routing_key`, `none`, or attributes with commas between. */
function conflationKeyOf(text: string | undefined): unknown {
  return text === undefined || text === 'none' || text === 'routing_key' ? text : { attributes: list(text) };
}

function topicFields({ retention, priority, conflate, enable, disable }: TopicOptions): Fields {
  if (enable === true && disable === true) throw new UsageError('either --enable or --disable');
  return {
    retention_policy: retention,
    priority,
    conflation_key: conflationKeyOf(conflate),
    enabled: enable === true ? true : disable === true ? false : undefined,
  };
}

function selectionFields({
  patterns,
  filter,
  keys,
  dataTypes,
  services,
  subscriberService,
}: SubscriptionOptions): Fields {
  return {
    patterns: list(patterns),
    filter,
    keys: list(keys),
    data_types: list(dataTypes),
    services: list(services),
    subscriber_service: subscriberService,
  };
}

/** `command` makes one with the options that all of them have, below a parent. */
export type MakeCommand = (parent: Command, usage: string, description: string) => Command;

export function addTopicCommands(parent: Command, command: MakeCommand, terminal: Terminal): void {
  const path = (name: string) => `topics/${encodeURIComponent(name)}`;
  const withChanges = (made: Command) =>
    made
      .option('--retention <policy>', '7d, 12h, 1GiB, 7d,1GiB or forever')
      .option('--priority <n>', '1 is the most urgent, 9 the least', positiveInteger)
      .option('--conflate <key>', 'routing_key, none, or attributes: metric,data_type');
  withChanges(command(parent, 'create <name>', 'Create a topic'))
    .requiredOption('--data-type <type>', 'ALERTS, METRICS, …')
    .option('--partitions <n>', 'lanes that it has', positiveInteger)
    .action((name: string, options: TopicOptions) =>
      ask(withToken(terminal, options), options, 'topics', {
        method: 'POST',
        isCreating: true,
        body: {
          name,
          data_type: options.dataType,
          partitions: options.partitions,
          ...topicFields(options),
        },
      }),
    );
  withChanges(command(parent, 'change <name>', 'Change a topic'))
    .option('--enable', 'take events again')
    .option('--disable', 'take no more events')
    .action((name: string, options: TopicOptions) =>
      ask(withToken(terminal, options), options, path(name), { method: 'PATCH', body: topicFields(options) }),
    );
  command(parent, 'delete <name>', 'Delete a topic and its events')
    .option('--force', 'even though durable subscriptions select nothing else')
    .action((name: string, options: TopicOptions) =>
      ask(withToken(terminal, options), options, path(name) + (options.force === true ? '?force=true' : ''), {
        method: 'DELETE',
      }),
    );
  command(parent, 'stats <name>', 'What the lanes of a topic hold').action((name: string, options: CommonOptions) =>
    ask(withToken(terminal, options), options, `${path(name)}/stats`),
  );
}

export function addSubscriptionCommands(parent: Command, command: MakeCommand, terminal: Terminal): void {
  const path = (name: string, rest = '') => `subscriptions/${encodeURIComponent(name)}${rest}`;
  const withSelection = (made: Command) =>
    made
      .option('--patterns <list>', 'topics: "+" is one level, "#" the rest')
      .option('--filter <text>', `e.g. 'severity == "CRITICAL"'`)
      .option('--keys <list>', 'routing keys: "*" is one word, "#" the rest')
      .option('--data-types <list>', 'e.g. ALERTS,METRICS')
      .option('--services <list>', 'services that the events are about')
      .option('--subscriber-service <name>', 'who receives it');
  withSelection(command(parent, 'create <name>', 'Create a durable subscription; it misses nothing from now on'))
    .addOption(new Option('--type <type>').choices(['exclusive', 'failover', 'shared', 'key_shared']))
    .option('--from <start>', 'latest, earliest, an ISO 8601 time, or a cursor')
    .action((name: string, options: SubscriptionOptions) =>
      ask(withToken(terminal, options), options, 'subscriptions', {
        method: 'POST',
        isCreating: true,
        body: {
          subscription_id: name,
          ...selectionFields(options),
          type: options.type,
          start: options.from === undefined ? undefined : startOf(options.from),
        },
      }),
    );
  withSelection(command(parent, 'change <name>', 'Change what it selects; whoever receives it goes on')).action(
    (name: string, options: SubscriptionOptions) =>
      ask(withToken(terminal, options), options, path(name), { method: 'PATCH', body: selectionFields(options) }),
  );
  command(parent, 'seek <name>', 'Move it, back or forth')
    .requiredOption('--to <start>', 'latest, earliest, an ISO 8601 time, or a cursor')
    .action((name: string, options: SubscriptionOptions) =>
      ask(withToken(terminal, options), options, path(name, '/seek'), {
        method: 'POST',
        body: { start: startOf(options.to as string) },
      }),
    );
  for (const act of ['pause', 'resume'] as const) {
    const what = act === 'pause' ? 'Stop delivering; its position stays' : 'Deliver again';
    command(parent, `${act} <name>`, what).action((name: string, options: CommonOptions) =>
      ask(withToken(terminal, options), options, path(name, `/${act}`), { method: 'POST', body: {} }),
    );
  }
  command(parent, 'delete <name>', 'Delete it and its position').action((name: string, options: CommonOptions) =>
    ask(withToken(terminal, options), options, path(name), { method: 'DELETE' }),
  );
  for (const view of ['health', 'stats'] as const) {
    const what = view === 'health' ? 'How far behind it is, and what is wrong' : 'Volume and latency over windows';
    command(parent, `${view} <name>`, what).action((name: string, options: CommonOptions) =>
      ask(withToken(terminal, options), options, path(name, `/${view}`)),
    );
  }
}
