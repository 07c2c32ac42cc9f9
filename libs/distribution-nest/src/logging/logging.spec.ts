import { FakeClock } from '@distributary/distribution-core/testing';
import { noLogger } from './logger.js';
import { NestLogger } from './nest-logger.js';
import { createLogger, type LoggerOptions } from './pino-logger.js';

function aLog(level: LoggerOptions['level'] = 'debug') {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { lines, logger: createLogger({ level, service: 'monitoring', clock: new FakeClock(), destination }) };
}

describe('createLogger', () => {
  it('writes one JSON line with level, time, service, event and fields', () => {
    const { lines, logger } = aLog();
    logger.info('lifecycle.ready', { port: 7101 });
    expect(lines).toEqual([
      { level: 'info', time: '2025-06-15T15:06:40.000Z', service: 'monitoring', event: 'lifecycle.ready', port: 7101 },
    ]);
  });

  it('keeps quiet below its level', () => {
    const { lines, logger } = aLog('warn');
    logger.debug('a.b');
    logger.info('a.b');
    logger.warn('a.c');
    logger.error('a.d');
    expect(lines.map((line) => line.event)).toEqual(['a.c', 'a.d']);
  });

  it('writes an error with its stack and its cause', () => {
    const { lines, logger } = aLog();
    logger.error('broker.lost', { error: new Error('outer', { cause: new Error('inner') }) });
    expect(lines[0].error).toMatchObject({ message: 'outer', cause: { message: 'inner' } });
    expect((lines[0].error as { stack: string }).stack).toContain('logging.spec');
  });

  it('has a twin that says nothing', () => {
    for (const level of ['debug', 'info', 'warn', 'error'] as const) expect(noLogger[level]('a.b')).toBeUndefined();
  });
});

describe('NestLogger', () => {
  it('passes on what Nest says, with its context, one level for each of ours', () => {
    const { lines, logger } = aLog();
    const nest = new NestLogger(logger);
    nest.log('a', 'Router');
    nest.debug('b');
    nest.verbose('c');
    nest.warn('d', 'Injector');
    nest.fatal('e');
    expect(lines.map(({ level, event, message, context }) => [level, event, message, context])).toEqual([
      ['debug', 'nest.message', 'a', 'Router'],
      ['debug', 'nest.message', 'b', undefined],
      ['debug', 'nest.message', 'c', undefined],
      ['warn', 'nest.message', 'd', 'Injector'],
      ['error', 'nest.message', 'e', undefined],
    ]);
  });

  it('tells the stack of an error from its context', () => {
    const { lines, logger } = aLog();
    new NestLogger(logger).error('broken', 'Error: broken\n    at there', 'Handler');
    new NestLogger(logger).error(new Error('thrown'));
    expect(lines[0]).toMatchObject({ message: 'broken', stack: 'Error: broken\n    at there', context: 'Handler' });
    expect(lines[1]).toMatchObject({ message: 'thrown', error: { message: 'thrown' } });
  });
});
