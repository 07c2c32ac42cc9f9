import { type DestinationStream, pino, stdSerializers } from 'pino';
import type { Clock } from '@distributary/distribution-core';
import type { LogFields, Logger } from './logger.js';

export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** On every line. */
  readonly service: string;
  readonly clock: Clock;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/** JSON lines: `{"level":"info","time":"2025-06-21T10:00:00.000Z","service":…,"event":…,<fields>}`. */
export function createLogger({ level, service, clock, destination }: LoggerOptions): Logger {
  const lines = pino(
    {
      level,
      base: { service },
      messageKey: 'event',
      timestamp: () => `,"time":"${new Date(clock.nowMicros() / 1000).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.errWithCause },
    },
    destination,
  );
  const none: LogFields = {};
  return {
    debug: (event, fields = none) => lines.debug(fields, event),
    info: (event, fields = none) => lines.info(fields, event),
    warn: (event, fields = none) => lines.warn(fields, event),
    error: (event, fields = none) => lines.error(fields, event),
  };
}
