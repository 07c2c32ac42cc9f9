import { HttpException } from '@nestjs/common';
import { DistributionError, type ErrorCode, type Problem } from '@distributary/distribution-core';

/** The text that a caller sees of a fault of ours. */
const INTERNAL = 'Something went wrong on our side.';

/**
 * Whatever was thrown, as one of the closed set. What is not known is `internal`, with the original as its cause, for the
 * log only: nothing of it reaches the caller.
 */
export function asDistributionError(thrown: unknown): DistributionError {
  if (thrown instanceof DistributionError) return thrown;
  const status = statusOf(thrown);
  const code = status === undefined ? 'internal' : codeOfStatus(status);
  if (code === 'internal') return new DistributionError('internal', INTERNAL, { cause: thrown });
  const problems = code === 'request.invalid' ? problemsOf(thrown as Error) : [];
  return new DistributionError(code, (thrown as Error).message, { problems, cause: thrown });
}

/** Statuses of Nest's exceptions, and of Fastify's, which it throws before Nest sees the request. */
function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  if (!(thrown instanceof Error)) return undefined;
  const { code, statusCode } = thrown as Error & { code?: unknown; statusCode?: unknown };
  return typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number' ? statusCode : undefined;
}

function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'auth.missing';
    case 403:
      return 'auth.forbidden';
    case 404:
      return 'route.not_found';
    case 413:
      return 'payload.too_large';
    case 429:
      return 'quota.exceeded';
    default:
      return status >= 400 && status < 500 ? 'request.invalid' : 'internal';
  }
}

function problemsOf(error: Error): readonly Problem[] {
  return [{ path: '', rule: error.message }];
}
