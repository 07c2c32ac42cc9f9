import { DistributionError, type ErrorCode, invalidRequest } from '@distributary/distribution-core';

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
const RETRY_AFTER_MS = 1_000;
const SQLSTATE = /^[0-9A-Z]{5}$/;

/**
 * What the classes of SQLSTATE mean to us; the longest prefix that fits decides. What is not here, and what has no
 * SQLSTATE (sockets, time-outs of the pool), is an outage: trying again may help.
 */
const MEANINGS: Readonly<Record<string, ErrorCode>> = {
  /** A value that its column cannot hold: too long, out of range, not text. */
  '22': 'request.invalid',
  /** A constraint, such as a closed set of words. */
  '23': 'request.invalid',
  /** A store that expects it says what exists. */
  [UNIQUE_VIOLATION]: 'internal',
  /** Our statements and our schema do not fit. */
  '0A': 'internal',
  '42': 'internal',
  '21': 'internal',
  XX: 'internal',
  /** Not allowed to: the database is there, but not for us; people have to act, and readiness shows it. */
  '42501': 'store.unavailable',
};

/** What a failed statement means to us; foreign errors go no further than this. */
export function storeError(thrown: unknown): DistributionError {
  if (thrown instanceof DistributionError) return thrown;
  const code = meaningOf(thrown);
  switch (code) {
    case 'request.invalid':
      return invalidRequest([{ path: columnOf(thrown), rule: 'must be a value that the database can hold' }]);
    case 'internal':
      return new DistributionError('internal', 'the database refused a statement of ours', { cause: thrown });
    default:
      return new DistributionError('store.unavailable', 'the database does not answer', {
        cause: thrown,
        retryAfterMs: RETRY_AFTER_MS,
      });
  }
}

export const isUniqueViolation = (thrown: unknown): boolean => codeOf(thrown) === UNIQUE_VIOLATION;
/** What it refers to is not there; or it is still referred to, and cannot go. */
export const isForeignKeyViolation = (thrown: unknown): boolean => codeOf(thrown) === FOREIGN_KEY_VIOLATION;

/** Runs a store's work and translates what it throws. */
export async function translated<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    throw storeError(thrown);
  }
}

function meaningOf(thrown: unknown): ErrorCode {
  const code = codeOf(thrown);
  if (code === undefined || !SQLSTATE.test(code)) return isOurMistake(thrown) ? 'internal' : 'store.unavailable';
  return MEANINGS[code] ?? MEANINGS[code.slice(0, 2)] ?? 'store.unavailable';
}

/** A mapper that trips over a row is no outage, and trying again does not help. */
function isOurMistake(thrown: unknown): boolean {
  return thrown instanceof TypeError || thrown instanceof RangeError || thrown instanceof ReferenceError;
}

/** PostgreSQL and its driver say it themselves, or TypeORM does for them. */
function codeOf(thrown: unknown): string | undefined {
  return fieldOf(thrown, 'code');
}

/** Not every error names its column: a value that is too long does not. */
function columnOf(thrown: unknown): string {
  return fieldOf(thrown, 'column') ?? fieldOf(thrown, 'constraint') ?? '';
}

function fieldOf(thrown: unknown, field: 'code' | 'column' | 'constraint'): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const error = thrown as { driverError?: Record<string, unknown> } & Record<string, unknown>;
  const found = error.driverError?.[field] ?? error[field];
  return typeof found === 'string' ? found : undefined;
}
