import type { Clock } from '@distributary/distribution-core';

/** `timed_out` if the work is not done in time; it goes on, but nobody waits for it, and its failure is of no interest. */
export function withDeadline<Result>(
  clock: Clock,
  deadlineMs: number,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result } | 'timed_out'> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(deadlineMs, () => resolve('timed_out'));
    // A step that throws at once is a step that failed.
    Promise.resolve()
      .then(work)
      .then(
        (result) => {
          cancel();
          resolve({ result });
        },
        (error: unknown) => {
          cancel();
          reject(error);
        },
      );
  });
}
