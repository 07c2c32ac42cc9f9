import { ERROR_CODES } from '@distributary/distribution-core';
import { z } from 'zod';

/** {@link ProblemDetails}, for the document. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(ERROR_CODES),
    errors: z.array(z.object({ path: z.string(), rule: z.string() })).optional(),
    trace_id: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details, with a code of the closed set' });
