import { DistributionError } from '@distributary/distribution-core';

/** What a failed statement means to us; foreign errors go no further than this. */
export function storeError(thrown: unknown): DistributionError {
  if (thrown instanceof DistributionError) return thrown;
  const code = codeOf(thrown);
  if (code === UNIQUE_VIOLATION) return new DistributionError('internal', 'a row exists already', { cause: thrown });
  return new DistributionError('store.unavailable', 'the database does not answer', {
    cause: thrown,
    retryAfterMs: RETRY_AFTER_MS,
  });
}

export const isUniqueViolation = (thrown: unknown): boolean => codeOf(thrown) === UNIQUE_VIOLATION;

/** Runs a store's work and translates what it throws. */
export async function translated<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    throw storeError(thrown);
  }
}

const UNIQUE_VIOLATION = '23505';
const RETRY_AFTER_MS = 1_000;

function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const { code, driverError } = thrown as { code?: unknown; driverError?: { code?: unknown } };
  const found = driverError?.code ?? code;
  return typeof found === 'string' ? found : undefined;
}
