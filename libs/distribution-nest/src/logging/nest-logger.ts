import type { LoggerService } from '@nestjs/common';
import type { Logger, LogLevel } from './logger.js';

/** Nest's own messages as lines of our log: `nest.message`, with Nest's context as a field. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  /** What Nest says while it starts (which module, which route) is of use when one debugs, and only then. */
  log(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  /** Nest calls with (message, …, context), for errors with a stack before the context. */
  private write(level: LogLevel, message: unknown, rest: readonly unknown[]): void {
    const texts = rest.filter((item): item is string => typeof item === 'string');
    const stack = texts.find((text) => text.includes('\n    at '));
    const context = texts.filter((text) => text !== stack).at(-1);
    this.logger[level]('nest.message', {
      ...(message instanceof Error ? { error: message, message: message.message } : { message: String(message) }),
      ...(context !== undefined && { context }),
      ...(stack !== undefined && { stack }),
    });
  }
}
