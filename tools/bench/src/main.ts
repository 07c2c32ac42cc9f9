import { CANDLES_USAGE, candlesCommand } from './candles/candles-command.js';
import { answered, UsageError } from './command-line.js';
import { FAN_OUT_USAGE, fanOutCommand } from './fan-out-command.js';
import { KAFKA_USAGE, kafkaCommand } from './kafka/kafka-command.js';
import { MARKET_USAGE, marketCommand } from './market/market-command.js';
import { MATCH_USAGE, matchCommand } from './match/match-command.js';
import { casesOf, PERFORMANCE_USAGE, performanceCommand } from './performance/performance-command.js';
import { PRIORITY_USAGE, priorityCommand } from './priority/priority-command.js';
import { WHERE_USAGE, whereCommand } from './profile/where-command.js';
import { ROUTING_USAGE, routingCommand } from './routing/routing-command.js';
import { TRACING_USAGE, tracingCommand } from './tracing/tracing-command.js';
import { TRANSFORM_USAGE, transformCommand } from './transform/transform-command.js';

interface Command {
  readonly usage: string;
  run(args: readonly string[]): number | Promise<number>;
}

/** Cases of docs/performance.md are found by `casesOf`; these are the other benches, in docs/benchmarks.md. */
const COMMANDS: Readonly<Record<string, Command>> = {
  candles: { usage: CANDLES_USAGE, run: candlesCommand },
  'fan-out': { usage: FAN_OUT_USAGE, run: fanOutCommand },
  kafka: { usage: KAFKA_USAGE, run: kafkaCommand },
  market: { usage: MARKET_USAGE, run: marketCommand },
  match: { usage: MATCH_USAGE, run: matchCommand },
  priority: { usage: PRIORITY_USAGE, run: priorityCommand },
  routing: { usage: ROUTING_USAGE, run: routingCommand },
  tracing: { usage: TRACING_USAGE, run: tracingCommand },
  transform: { usage: TRANSFORM_USAGE, run: transformCommand },
  where: { usage: WHERE_USAGE, run: whereCommand },
};
const USAGE = [PERFORMANCE_USAGE, ...Object.values(COMMANDS).map(({ usage }) => usage)].join('\n\n');

function commandOf(name: string): Command | undefined {
  const cases = casesOf(name);
  if (cases.length > 0) return { usage: PERFORMANCE_USAGE, run: (args) => performanceCommand(cases, args) };
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

const [name = '', ...args] = process.argv.slice(2);
const command = commandOf(name);
const refuse = () => {
  throw new UsageError(name === '' ? 'which bench?' : `no bench ${name}`);
};
process.exit(await answered(command?.usage ?? USAGE, command === undefined ? [name] : args, command?.run ?? refuse));
