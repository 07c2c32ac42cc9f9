import { DistributaryError } from '../errors.js';

/** Asked for in a way that cannot work: exit code 2, unlike what the service or the network refuse. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function failureOf(error: unknown): { readonly lines: readonly string[]; readonly exitCode: 1 | 2 } {
  if (error instanceof UsageError) return { lines: [`error: ${error.message}`], exitCode: 2 };
  if (error instanceof DistributaryError) {
    const problems = error.problems.map(({ path, rule }) => `  ${path || '(root)'}: ${rule}`);
    return { lines: [`${error.code}: ${error.message}`, ...problems], exitCode: 1 };
  }
  return { lines: [`error: ${error instanceof Error ? error.message : String(error)}`], exitCode: 1 };
}
