export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Ids and figures, never payloads. An Error under `error` is written with its stack and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * One line per change of state. `event` is a constant name, `<part>.<what_happened>`; whatever varies is a field.
 * Never used on the path of the data.
 */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** Nest's injection token of the {@link Logger}. */
export const LOGGER = Symbol('Logger');

export const noLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
