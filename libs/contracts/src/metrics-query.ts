import { z } from 'zod';

const MAX_CHARS = 2_000;

export const metricsQuerySchema = z.object({
  names: z
    .string()
    .max(MAX_CHARS)
    .optional()
    .describe('Only these metrics, separated by commas; what is not there is left out. Absent: all'),
});
