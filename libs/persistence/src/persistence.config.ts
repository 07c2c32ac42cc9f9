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
});

export type PersistenceConfig = Readonly<z.output<typeof persistenceConfig>>;
