import type { ErrorPayload } from '@distributary/contracts';
import { asDistributionError } from './as-distribution-error.js';
import { retryAfterMsOf } from './problem-details.js';

/** An error as every stream tells it. `id`: the subscription or command that failed, if the client named one. */
export function errorPayloadOf(thrown: unknown, id: string | undefined): ErrorPayload {
  const error = asDistributionError(thrown);
  const retryAfterMs = retryAfterMsOf(error);
  return {
    ...(id !== undefined && { id }),
    code: error.code,
    message: error.message,
    retryable: error.retryable,
    ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
    ...(error.problems.length > 0 && { errors: error.problems }),
  };
}
