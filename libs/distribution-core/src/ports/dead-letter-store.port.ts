import type { DeadLetterFault, DeadLetterReason } from '../delivery/dead-letter.js';
import type { LanePosition } from '../position.js';

/**
 * - `dead`: buried; nothing happens with it until somebody decides.
 * - `replaying`: on its way again, to its subscription or to its topic; an interrupted replay goes on.
 * - `replayed`: acknowledged by its subscription, or in its topic again.
 * - `discarded`: given up.
 */
export const DEAD_LETTER_STATUSES = ['dead', 'replaying', 'replayed', 'discarded'] as const;
export type DeadLetterStatus = (typeof DEAD_LETTER_STATUSES)[number];

/** To its subscription only, or to its topic, where everybody who selects it receives it. */
export const REPLAY_TARGETS = ['subscription', 'topic'] as const;
export type ReplayTarget = (typeof REPLAY_TARGETS)[number];

/** An event that one subscription could not be given. Times are epoch microseconds. */
export interface DeadLetter {
  readonly deadLetterId: string;
  readonly tenant: string;
  readonly subscriptionId: string;
  /** Where the event lay, by the catalog's name of its topic. */
  readonly at: LanePosition;
  readonly eventId: string;
  readonly routingKey: string;
  readonly reason: DeadLetterReason;
  readonly fault: DeadLetterFault;
  readonly attempts: number;
  readonly firstFailureMicros: number;
  readonly lastFailureMicros: number;
  readonly buriedMicros: number;
  /** Where the event lies now. */
  readonly letter: LanePosition;
  readonly status: DeadLetterStatus;
  readonly replayTarget: ReplayTarget | undefined;
  /** How often a replay was begun. */
  readonly replays: number;
  readonly changedMicros: number;
}

export type NewDeadLetter = Omit<DeadLetter, 'status' | 'replayTarget' | 'replays' | 'changedMicros'>;

/** All that is given must hold. */
export interface DeadLetterFilter {
  readonly tenant: string;
  readonly ids?: readonly string[] | undefined;
  readonly subscriptionId?: string | undefined;
  readonly topic?: string | undefined;
  readonly reason?: DeadLetterReason | undefined;
  readonly fault?: DeadLetterFault | undefined;
  readonly status?: DeadLetterStatus | undefined;
  /** Buried at or after, and before. */
  readonly fromMicros?: number | undefined;
  readonly toMicros?: number | undefined;
}

/** Of the last one of the page before. */
export interface DeadLetterPlace {
  readonly buriedMicros: number;
  readonly deadLetterId: string;
}

/**
 * The index of the dead letters. One letter per subscription and place in the log: burying it again makes it dead again,
 * whatever had become of it. Failure: `store.unavailable`. Calls may overlap; each is atomic.
 */
export interface DeadLetterStore {
  bury(letter: NewDeadLetter): Promise<void>;
  /** A replay to the subscription failed as often as it may: the letter is dead again. */
  failedAgain(
    subscriptionId: string,
    letter: LanePosition,
    failure: { readonly reason: DeadLetterReason; readonly attempts: number; readonly atMicros: number },
  ): Promise<void>;
  /** Oldest first. */
  list(filter: DeadLetterFilter, limit: number, after?: DeadLetterPlace): Promise<readonly DeadLetter[]>;
  /**
   * Those that are dead, oldest first, begin their replay; with them come those whose replay to the same target was begun
   * before and is not over.
   */
  beginReplay(
    filter: DeadLetterFilter,
    target: ReplayTarget,
    limit: number,
    nowMicros: number,
  ): Promise<readonly DeadLetter[]>;
  /** Those in one of the states change to another; how many. */
  settle(
    ids: readonly string[],
    from: readonly DeadLetterStatus[],
    to: DeadLetterStatus,
    nowMicros: number,
  ): Promise<number>;
  /** Letters of the subscription that are to be sent to it again, oldest first. */
  inReplay(subscriptionId: string, limit: number): Promise<readonly DeadLetter[]>;
  /** Subscriptions that have such letters. */
  subscriptionsInReplay(): Promise<readonly string[]>;
  /** How many are dead; of those that were buried since, if that is given. */
  countDead(sinceMicros?: number): Promise<readonly { readonly tenant: string; readonly count: number }[]>;
  /** Forgets letters that were buried before; how many. */
  prune(beforeMicros: number): Promise<number>;
}
