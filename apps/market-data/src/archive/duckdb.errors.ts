import { DistributionError } from '@distributary/distribution-core';

/** What DuckDB's errors mean to a caller. Its own message stays in the cause: it may name files. */
export function translatedError(error: unknown): DistributionError {
  if (error instanceof DistributionError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/^(IO Error|Out of Memory Error|INTERRUPT)/i.test(message)) {
    return new DistributionError('store.unavailable', 'the archive could not be read or written', { cause: error });
  }
  return new DistributionError('internal', 'the archive failed', { cause: error });
}
