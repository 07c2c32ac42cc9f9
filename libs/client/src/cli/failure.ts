import { DistributaryError } from '../errors.js';

/** Asked for in a way that cannot work: exit code 2, unlike what the service or the network refuse. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What a shell expects of a command that a signal ended: 128 and the number of the signal. */
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;

/** 1: something failed; 2: the command itself makes no sense; above 128: it was stopped before it was done. */
export type FailureCode = 1 | 2 | (typeof INTERRUPTED)[keyof typeof INTERRUPTED];

/** Somebody stopped the command; the reason of a terminal's `stop`. */
export class Interruption extends Error {
  override readonly name = 'Interruption';

  constructor(readonly signal: keyof typeof INTERRUPTED) {
    super(`stopped by ${signal}`);
  }
}

/** The error of one batch of several: it names an event by its place in the batch, and the reader knows it by its place in all. */
export function shiftedBy(first: number, error: DistributaryError): DistributaryError {
  const shifted = (text: string) =>
    text.replace(/\bevents\[(\d+)\]/g, (_whole, index) => `events[${first + Number(index)}]`);
  const { code, message, retryable, retryAfterMs, status, problems, cause } = error;
  return new DistributaryError(code, shifted(message), {
    retryable,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(status !== undefined && { status }),
    problems: problems.map((problem) => ({ ...problem, path: shifted(problem.path) })),
    cause,
  });
}

export function failureOf(error: unknown): { readonly lines: readonly string[]; readonly exitCode: FailureCode } {
  if (error instanceof Interruption) return { lines: [error.message], exitCode: INTERRUPTED[error.signal] };
  if (error instanceof UsageError) return { lines: [`error: ${error.message}`], exitCode: 2 };
  if (error instanceof DistributaryError) {
    const problems = error.problems.map(({ path, rule }) => `  ${path || '(root)'}: ${rule}`);
    return { lines: [`${error.code}: ${error.message}`, ...problems], exitCode: 1 };
  }
  return { lines: [`error: ${error instanceof Error ? error.message : String(error)}`], exitCode: 1 };
}
