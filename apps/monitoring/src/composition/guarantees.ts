import {
  CompetingSubscriptions,
  DEFAULT_STREAM_SESSION_LIMITS,
  type FanOut,
  Handovers,
  type Log,
  type TopicDirectory,
} from '@distributary/distribution-core';
import type { Surroundings } from './parts.js';
import type { Storage } from './storage.js';

/** What keeps the promises of durable subscriptions. */
export interface Guarantees {
  readonly competing: CompetingSubscriptions;
  readonly handovers: Handovers;
  /** What was acknowledged is stored; to be called when no session is open any more. */
  close(): Promise<void>;
}

export interface GuaranteeParts {
  readonly log: Log;
  readonly storage: Storage;
  readonly directory: TopicDirectory;
  readonly fanOut: FanOut;
}

export function createGuarantees({ clock, ids, metrics }: Surroundings, parts: GuaranteeParts): Guarantees {
  const { log, storage, directory, fanOut } = parts;
  const limits = DEFAULT_STREAM_SESSION_LIMITS;
  const competing = new CompetingSubscriptions({
    log,
    cursors: storage.cursors,
    clock,
    ids,
    metrics,
    limits: { ...limits, dedupeWindowMs: fanOut.limits.dedupeWindowMs },
    deadLettersOf: () => undefined,
  });
  directory.onChange = async (topics) => {
    await fanOut.setTopics(topics);
    await competing.setTopics(topics);
  };
  return { competing, handovers: new Handovers(), close: () => competing.close() };
}
