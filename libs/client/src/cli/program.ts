import { Command, CommanderError, Option } from 'commander';
import { addSubscriptionCommands, addTopicCommands } from './administration.js';
import { type FailureCode, failureOf } from './failure.js';
import { list, type ListOptions } from './list.js';
import { positiveInteger } from './positive-integer.js';
import { publish, type PublishOptions } from './publish.js';
import { tail, type TailOptions } from './tail.js';
import { serviceUrl } from './service-url.js';
import type { Terminal } from './terminal.js';
import { type TokenOptions, withToken } from './token.js';

/** Of all commands. */
const COMMON_OPTIONS = ['api', 'url', 'token', 'tokenFile', 'json'] as const;

/** What was said before the name of a command holds for it, unless it is said behind it, too. */
function inherit(command: Command): void {
  for (const name of COMMON_OPTIONS) {
    if (command.parent?.getOptionValueSource(name) !== 'cli' || command.getOptionValueSource(name) === 'cli') continue;
    command.setOptionValueWithSource(name, command.parent.getOptionValue(name), 'cli');
  }
}

function program(terminal: Terminal): Command {
  const root = new Command('distributary')
    .description('Subscribe to events, publish and manage them.')
    .exitOverride()
    .enablePositionalOptions()
    .hook('preAction', (_root, chosen) => {
      inherit(chosen);
      const { url, api } = chosen.opts<{ readonly url?: string; readonly api: string }>();
      chosen.setOptionValue('url', serviceUrl(url, api));
    })
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    });
  const commandOf = (parent: Command, usage: string, description: string) =>
    parent
      .command(usage)
      .description(description)
      .option('--api <name>', 'monitoring or market-data (environment: DISTRIBUTARY_API)', terminal.defaultApi)
      .option('--url <url>', 'the service (environment: DISTRIBUTARY_URL)', terminal.defaultUrl)
      .option('--token <token>', 'API key or JWT (environment: DISTRIBUTARY_TOKEN)')
      .option('--token-file <file>', 'a file that holds it')
      .option('--json', 'one JSON value per line');

  const command = (usage: string, description: string) => commandOf(root, usage, description);

  command('tail', 'Show events as they come')
    .argument('[pattern...]', 'topics: "+" is one level, "#" the rest; default: all events of the service')
    .option('--filter <text>', `e.g. 'severity == "CRITICAL"'`)
    .option('--keys <list>', 'routing keys: "*" is one word, "#" the rest')
    .option('--data-types <list>', 'e.g. ALERTS,METRICS')
    .option('--services <list>', 'services that the events are about')
    .option('--symbols <list>', 'market data: AAPL,MSFT')
    .option('--exchanges <list>', 'market data: NASDAQ,XNYS')
    .option('--from <start>', 'latest, earliest, snapshot, an ISO 8601 time, or a cursor')
    .option('--name <name>', 'durable: the service keeps the position under this name')
    .addOption(
      new Option('--slow-policy <policy>', 'what happens when this terminal does not keep up').choices([
        'block',
        'conflate',
        'drop-oldest',
        'skip-to-live',
        'disconnect',
      ]),
    )
    .option('--sse', 'server-sent events instead of a WebSocket')
    .option('--limit <n>', 'stop after so many events', positiveInteger)
    .action((patterns: string[], options: TailOptions & TokenOptions) =>
      tail(withToken(terminal, options), patterns, options),
    );

  command('publish', 'Publish events: JSON, an array or NDJSON, or one event by its fields')
    .argument('[file]', '"-" or nothing: standard input')
    .option('--topic <topic>')
    .option('--key <key>', 'routing key')
    .option('--data-type <type>', 'ALERTS, METRICS, …')
    .option('--service <service>', 'where it comes from')
    .option('--source <source>', 'market data: where it comes from')
    .option('--severity <severity>')
    .option('--data <json>')
    .action((file: string | undefined, options: PublishOptions & TokenOptions) =>
      publish(withToken(terminal, options), file, options),
    );

  for (const resource of ['topics', 'subscriptions'] as const) {
    const listed = command(resource, `List the ${resource}, or manage one of them`).action(
      (options: ListOptions & TokenOptions) => list(withToken(terminal, options), resource, options),
    );
    // What stands after the name of a command is that command's.
    listed.enablePositionalOptions();
    if (resource === 'topics') addTopicCommands(listed, commandOf, terminal);
    else addSubscriptionCommands(listed, commandOf, terminal);
  }
  return root;
}

/** The exit code. */
export async function run(terminal: Terminal, args: readonly string[]): Promise<0 | FailureCode> {
  try {
    await program(terminal).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { lines, exitCode } = failureOf(error);
    for (const line of lines) terminal.stderr.write(`${terminal.colors.red(line)}\n`);
    return exitCode;
  }
}
