import { z } from 'zod';

const UNITS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;
const SIZE = /^(\d{1,12})(B|KiB|MiB|GiB|TiB)?$/;

/** `512MiB`, `1GiB` or plain bytes. */
const size = z
  .string()
  .regex(SIZE, 'must be a number of bytes, or one with a unit: 512MiB, 1GiB')
  .transform((text) => {
    const [, digits, unit = 'B'] = SIZE.exec(text) as RegExpExecArray;
    return Number(digits) * UNITS[unit as keyof typeof UNITS];
  })
  .refine((bytes) => bytes > 0, 'must be more than nothing');

const milliseconds = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a number of milliseconds')
  .transform(Number)
  .refine((ms) => ms > 0, 'must be more than nothing');

/** What the embedded broker reads from the environment; an app joins it with the fragments of its other parts. */
export const embeddedConfig = z.object({
  /** The folder of the log; on a local disk. */
  EMBEDDED_DIR: z.string().min(1).default('.data/log'),
  /** `fsync`: an acknowledged event survives a loss of power. `commit`: only a crash of the process. */
  EMBEDDED_SYNC: z.enum(['fsync', 'commit']).default('fsync'),
  /** How much all records together may take on disk. */
  EMBEDDED_MAX_SIZE: size.default(256 * 2 ** 30),
  /** How much may wait to be written before producers are told to come back later. */
  EMBEDDED_MAX_IN_FLIGHT: size.default(64 * 2 ** 20),
  /** The largest event. */
  EMBEDDED_MAX_EVENT: size.default(2 ** 20),
  /** How often what retention no longer keeps is removed. */
  EMBEDDED_RETENTION_CHECK_MS: milliseconds.default(5000),
});

export type EmbeddedConfig = z.infer<typeof embeddedConfig>;

/** The part of `EmbeddedLog.open`'s options that comes from the environment. */
export function embeddedLogOptions(config: EmbeddedConfig) {
  return {
    directory: config.EMBEDDED_DIR,
    sync: config.EMBEDDED_SYNC,
    mapSizeBytes: config.EMBEDDED_MAX_SIZE,
    maxInFlightBytes: config.EMBEDDED_MAX_IN_FLIGHT,
    maxRecordBytes: config.EMBEDDED_MAX_EVENT,
    retentionCheckMs: config.EMBEDDED_RETENTION_CHECK_MS,
  };
}
