import { DistributionError } from '@distributary/distribution-core';

interface CommitFailure extends Error {
  readonly commitError?: Promise<never>;
}

/** What the store throws (a full disk, a failed sync, a closed environment), in our codes; ours stay as they are. */
export async function translated(error: unknown): Promise<DistributionError> {
  if (error instanceof DistributionError) return error;
  // The store puts the reason of a failed commit into a second promise; nobody else listens to it.
  const reason = await (error as CommitFailure).commitError?.catch((cause: unknown) => cause);
  return unavailable(`the embedded log cannot write: ${messageOf(reason ?? error)}`, reason ?? error);
}

export function unavailable(message: string, cause?: unknown): DistributionError {
  return new DistributionError('broker.unavailable', message, { cause });
}

export const topicNotFound = (topic: string): DistributionError =>
  new DistributionError('topic.not_found', `there is no topic ${topic}`);

export const positionLost = (message: string): DistributionError => new DistributionError('position.lost', message);

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
