import { DistributionError } from '@distributary/distribution-core';

/**
 * What DuckDB says of files that it cannot open, read or write, of a file that is damaged, and of a statement that was stopped.
 * Our statements are fixed, so what it finds invalid is what lies in a file.
 */
const OF_FILES = /^(IO Error|Invalid Input Error|Invalid Error|Serialization Error|Out of Memory Error|INTERRUPT)/i;

/** What errors of DuckDB and of the file system mean to a caller. Their own message stays in the cause: it may name files. */
export function translatedError(error: unknown): DistributionError {
  if (error instanceof DistributionError) return error;
  // Not by `instanceof`: an error that native code makes may be an `Error` of another realm.
  const { message, syscall } = Object(error) as { readonly message?: unknown; readonly syscall?: unknown };
  if (typeof syscall === 'string' || OF_FILES.test(String(message))) {
    return new DistributionError('store.unavailable', 'the archive could not be read or written', { cause: error });
  }
  return new DistributionError('internal', 'the archive failed', { cause: error });
}

/** For `catch` of a promise. */
export const rethrowTranslated = (error: unknown): never => {
  throw translatedError(error);
};
