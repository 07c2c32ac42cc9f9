import { CANDLES_USAGE, candlesCommand } from './candles/candles-command.js';
import { FAN_OUT_USAGE, fanOutCommand } from './fan-out-command.js';
import { KAFKA_USAGE, kafkaCommand } from './kafka/kafka-command.js';
import { MARKET_USAGE, marketCommand } from './market/market-command.js';
import { MATCH_USAGE, matchCommand } from './match/match-command.js';
import { casesOf, PERFORMANCE_USAGE, performanceCommand } from './performance/performance-command.js';
import { PRIORITY_USAGE, priorityCommand } from './priority/priority-command.js';
import { ROUTING_USAGE, routingCommand } from './routing/routing-command.js';
import { TRACING_USAGE, tracingCommand } from './tracing/tracing-command.js';
import { TRANSFORM_USAGE, transformCommand } from './transform/transform-command.js';

/** Cases of docs/performance.md are found by `casesOf`; these are the other benches, in docs/benchmarks.md. */
const COMMANDS: Readonly<Record<string, (args: readonly string[]) => number | Promise<number>>> = {
  candles: candlesCommand,
  'fan-out': fanOutCommand,
  kafka: kafkaCommand,
  market: marketCommand,
  match: matchCommand,
  priority: priorityCommand,
  routing: routingCommand,
  tracing: tracingCommand,
  transform: transformCommand,
};
const USAGES = [
  PERFORMANCE_USAGE,
  CANDLES_USAGE,
  FAN_OUT_USAGE,
  KAFKA_USAGE,
  MARKET_USAGE,
  MATCH_USAGE,
  PRIORITY_USAGE,
  ROUTING_USAGE,
  TRACING_USAGE,
  TRANSFORM_USAGE,
];

async function run(name = '', ...args: readonly string[]): Promise<number> {
  const cases = casesOf(name);
  if (cases.length > 0) return performanceCommand(cases, args);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command(args);
  console.error(USAGES.join('\n\n'));
  return name === '--help' ? 0 : 2;
}

process.exit(await run(...process.argv.slice(2)));
