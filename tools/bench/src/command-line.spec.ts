import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { UsageError } from './command-line.js';
import { fanOutCommand } from './fan-out-command.js';
import { kafkaCommand } from './kafka/kafka-command.js';
import { marketCommand } from './market/market-command.js';
import { matchCommand } from './match/match-command.js';
import { casesOf, performanceCommand } from './performance/performance-command.js';
import { priorityCommand } from './priority/priority-command.js';
import { routingCommand } from './routing/routing-command.js';
import { tracingCommand } from './tracing/tracing-command.js';
import { transformCommand } from './transform/transform-command.js';

/** The built programs, as npm runs them: the tests of the workspace build first. */
const TOOLS = path.resolve(import.meta.dirname, '../..');

function run(program: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(TOOLS, program), ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

const aCase = (args: readonly string[]) => performanceCommand(casesOf('all').slice(0, 1), args);

describe('a program of the tools', () => {
  it.each([
    ['integrity/dist/main.js', ['simulation'], '--schedules N'],
    ['stack/dist/main.js', [], 'stack up <name…>'],
    ['start/dist/main.js', [], '--gateways'],
  ])('%s %j says how it is used when it is asked to', (program, args, said) => {
    const { status, stdout, stderr } = run(program, ...args, '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(said);
  });

  it.each([
    ['bench/dist/main.js', ['kafka', '--rate'], "Option '--rate <value>' argument missing"],
    ['fuzz/dist/main.js', ['websockt'], 'no door websockt'],
    ['stack/dist/main.js', ['up', 'mysql'], 'no server mysql'],
  ])('%s %j says in a line what is wrong, and then how it is used, and ends with 2', (program, args, problem) => {
    const { status, stdout, stderr } = run(program, ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.split('\n')[0]).toBe(problem);
    expect(stderr).not.toMatch(/^ +at .*:\d+/m);
  });
});

describe('a bench', () => {
  it.each([
    ['a case', aCase],
    ['fan-out', fanOutCommand],
    ['kafka', kafkaCommand],
    ['market', marketCommand],
    ['match', matchCommand],
    ['priority', priorityCommand],
    ['routing', routingCommand],
    ['tracing', tracingCommand],
    ['transform', transformCommand],
  ])('refuses options that %s does not have, and numbers that are none', async (_name, command) => {
    const refused = async (...args: string[]) => expect((async () => command(args))()).rejects.toThrow(UsageError);
    await refused('--nonsense');
    await refused('nonsense');
    for (const option of ['seconds', 'runs', 'subscribers']) await refused(`--${option}`, 'many');
  });

  it.each([
    [fanOutCommand, ['--linger=-1'], '--linger must be a number from 0 on (given: -1)'],
    [fanOutCommand, ['--rate', '1,0'], '--rate must be a number above 0 (given: 0)'],
    [fanOutCommand, ['--targets', 'service,triplet'], '--targets must be of service, twin (given: triplet)'],
    [priorityCommand, ['--only', 'disk'], '--only must be of cpu, sockets (given: disk)'],
  ])('names what it cannot do', async (command, args, problem) => {
    await expect(command(args)).rejects.toThrow(problem);
  });
});
