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
  EMBEDDED_DIR: z
    .string()
    .min(1)
    .default('.data/log')
    .meta({ description: 'Folder of the event log; on a local disk.' }),
  EMBEDDED_SYNC: z.enum(['fsync', 'commit']).default('fsync').meta({
    description: 'fsync: an acknowledged event survives a loss of power. commit: only a crash of the process.',
  }),
  EMBEDDED_MAX_SIZE: size.prefault('256GiB').meta({ description: 'How much all events together may take on disk.' }),
  EMBEDDED_MAX_IN_FLIGHT: size.prefault('64MiB').meta({
    description: 'How much may wait to be written before producers are told to come back later.',
  }),
  EMBEDDED_MAX_EVENT: size.prefault('1MiB').meta({ description: 'The largest event.' }),
  EMBEDDED_RETENTION_CHECK_MS: milliseconds.prefault('5000').meta({
    description: 'How often what retention no longer keeps is removed, in milliseconds.',
  }),
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
