import type { EventBatch } from '../event-batch.js';
import type { LanePosition, Position } from '../position.js';
import type { LanePlace } from './lane-groups.port.js';
import type { QueueOptions } from './queue.port.js';

export interface CompetingOptions {
  /** What the broker calls them. */
  readonly topics: readonly string[];
  readonly type: 'shared' | 'key_shared';
  /** Where it begins on lanes of which the broker does not have it yet. */
  readonly start: QueueOptions['start'];
  /** Lanes that begin elsewhere: behind these positions, in the broker's names; with the first event if the epoch is over. */
  readonly from?: readonly LanePosition[];
  /** Events of a lane that one process may have unacknowledged. */
  readonly maxUnacked: number;
}

/** What a member is told. Events of one lane come in the order of the broker; they may come again. */
export interface CompetingEvents {
  /** `redeliveries`, by event: how often the broker gave it out before, to whomever. */
  onBatch(batch: EventBatch, redeliveries: readonly number[]): void;
  /** The broker may give to others what this member has of the lane, and gives it here again if not. */
  onLost(lane: LanePlace): void;
  /** The broker does not have the subscription any more: nothing comes of it. */
  onGone(): void;
}

export interface CompetingMembership {
  /** Resolves when the broker has been told; `broker.unavailable` if that is not known: then they may come again. */
  ack(lane: LanePlace, positions: readonly Position[]): Promise<void>;
  /** Up to where everything is acknowledged, by whomever, of each lane; in the broker's names. `broker.unavailable`. */
  positions(): Promise<readonly LanePosition[]>;
  /** What was not acknowledged goes to others. Never rejects. */
  leave(): Promise<void>;
}

/**
 * Brokers that spread single events of a subscription over its members by themselves, and know which are acknowledged.
 *
 * `key_shared`: events of one routing key go to one member, in order, until it leaves.
 */
export interface CompetingSource {
  /** Makes the subscription if it is not there. `topic.not_found`; `broker.unavailable`. */
  join(name: string, options: CompetingOptions, events: CompetingEvents): Promise<CompetingMembership>;
  /**
   * Of whichever topics; it may not be there. Its members are waited for a few seconds, as they are to know that it ends, and
   * then cut off. `broker.unavailable`.
   */
  delete(name: string): Promise<void>;
  /**
   * The broker knows no more how far it is on these topics: who joins next says where it begins. It may not be there.
   * `subscription.taken` while it has a member; `broker.unavailable`.
   */
  forget(name: string, topics: readonly string[]): Promise<void>;
}
