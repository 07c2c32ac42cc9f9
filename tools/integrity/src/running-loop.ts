import { deadlineOf } from './waiting.js';

/** After the last fault a service has this long to take what a producer still has. */
export const FINISH_DEADLINE_MS = 180_000;

/** Whether so many events are due. Throws what a producer has failed with: they never will be then. */
export function areDue(
  events: number,
  ledger: { readonly due: number },
  producers: readonly { readonly failure: Error | undefined }[],
): boolean {
  for (const { failure } of producers) if (failure !== undefined) throw failure;
  return ledger.due >= events;
}

/** What a producer does until it is told to finish. What it fails with is kept for who asks, and never unhandled. */
export class RunningLoop {
  private readonly running: Promise<void>;
  /** Why it ended before it was told to. */
  failure: Error | undefined;

  constructor(run: () => Promise<void>) {
    this.running = run().catch((error: unknown) => {
      this.failure = error as Error;
    });
  }

  /** Rejects with the failure, or if it takes longer. */
  async finish(deadlineMs: number): Promise<void> {
    await deadlineOf('a producer to finish', this.running, deadlineMs);
    if (this.failure !== undefined) throw this.failure;
  }
}
