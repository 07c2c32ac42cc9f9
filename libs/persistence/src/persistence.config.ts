import { Secret } from '@distributary/distribution-core';
import { z } from 'zod';

export const persistenceConfig = z.object({
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a URL such as postgres://user:password@host:5432/database')
    .transform((url) => new Secret(url))
    .optional()
    .meta({ description: 'PostgreSQL to use. Not set: one of our own, with its data in DATA_DIR.', secret: true }),
  DATA_DIR: z
    .string()
    .min(1)
    .default('.data')
    .meta({ description: 'Folder of the embedded PostgreSQL. Not used with DATABASE_URL.' }),
  DATABASE_TIMEOUT_MS: z
    .string()
    .default('15000')
    .meta({
      description:
        'How long PostgreSQL may take to answer a query before it fails with store.unavailable, in milliseconds; its connection is closed then.',
    })
    .refine((text) => /^\d{1,6}$/.test(text) && Number(text) >= 100, 'must be a whole number from 100 to 999999')
    .transform(Number),
});

export type PersistenceConfig = Readonly<z.output<typeof persistenceConfig>>;
