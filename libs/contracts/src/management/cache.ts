import { z } from 'zod';

/** `GET stats/cache`: of this process, since its start. */
export const cacheStatsSchema = z
  .object({
    /** Of all reads, those that were not loaded: found, or waited for with others. */
    hit_ratio: z.number(),
    hits: z.int(),
    loads: z.int(),
    shared: z.int(),
    preloads: z.int(),
    entries: z.int(),
    bytes: z.int(),
    evictions: z.int(),
    /** False while the shared cache does not answer; reads go on without it. */
    is_available: z.boolean(),
  })
  .meta({ id: 'CacheStats' });

export type CacheStatsView = z.infer<typeof cacheStatsSchema>;
