import { Secret } from '@distributary/distribution-core';
import { z } from 'zod';

export const cacheConfig = z.object({
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'must be a URL such as redis://user:password@host:6379/0')
    .transform((url) => new Secret(url))
    .optional()
    .meta({
      description: 'Redis for reads that several processes share. Not set: each has its own memory.',
      secret: true,
    }),
  CACHE_MEMORY_BYTES: z
    .string()
    .default('33554432')
    .meta({ description: 'Memory for answers of REST reads that are told again within their time to live.' })
    .refine((text) => /^\d{1,12}$/.test(text) && Number(text) >= 65_536, 'must be a whole number of at least 65536')
    .transform(Number),
  REDIS_COMMAND_TIMEOUT_MS: z
    .string()
    .default('100')
    .meta({ description: 'How long one command of Redis may take before the service goes on without it.' })
    .refine((text) => /^\d{1,5}$/.test(text) && Number(text) >= 5, 'must be a whole number from 5 to 99999')
    .transform(Number),
});

export type CacheConfig = Readonly<z.output<typeof cacheConfig>>;
