import type { DistributionError } from '../errors/distribution-error.js';
import type { GroupMember } from './log.port.js';

/**
 * How the lanes of a group come to its members:
 * - `spread`: each member has about as many as any other.
 * - `one`: one member has all, the others wait to take over.
 * - `sole`: one member has all, others are refused with `subscription.taken`.
 */
export type LaneSharing = 'spread' | 'one' | 'sole';

/** A lane, whichever epoch it is in. Topics bear the broker's names. */
export interface LanePlace {
  readonly topic: string;
  readonly partition: number;
}

export interface LaneGroupOptions {
  /** What the broker calls them. */
  readonly topics: readonly string[];
  readonly sharing: LaneSharing;
  /** What all members have to agree on, as text: `request.invalid` for whoever comes later with something else. */
  readonly terms: string;
}

/** What a member is told, one after another: never a lane before `onRevoked` or `onLost` of it has been dealt with. */
export interface LaneGroupEvents {
  /** They are this member's from now on. Resolves once they are worked on; it may take as long as the broker is away. */
  onAssigned(lanes: readonly LanePlace[]): Promise<void>;
  /**
   * Others are to have them: resolves once nothing of them is in flight, or `waitMs` are over, and what was acknowledged is
   * stored. They are given on when it resolves; should it not, they are lost soon after that time.
   */
  onRevoked(lanes: readonly LanePlace[], waitMs: number): Promise<void>;
  /** Others may have them already; nothing of them can be stored any more. */
  onLost(lanes: readonly LanePlace[]): void;
  /** The broker has not answered for so long that the lanes may soon be lost; or it answers again. */
  onSuspended(): void;
  onResumed(): void;
  /** No member any more without having left, and all lanes lost: the group has been taken by others on other terms. */
  onEnded(error: DistributionError): void;
}

export interface LaneMembership {
  /**
   * Resolves when the first lanes of this member, if there are any for it, are worked on. `subscription.taken`,
   * `request.invalid` as {@link LaneGroupOptions} says; `broker.unavailable`. If it rejects, the membership is over.
   */
  ready(): Promise<void>;
  /**
   * How commits name this member. Waits while the group changes, if `refused` is given until there is a newer one.
   * `generation.stale` once the membership in which `refused` was made is over.
   */
  member(refused?: GroupMember): Promise<GroupMember>;
  /** Other topics from now on; lanes of those that are gone are revoked. */
  setTopics(topics: readonly string[]): void;
  /** Revokes all lanes, then gives up the membership. Never rejects. */
  leave(): Promise<void>;
}

/**
 * Processes that share lanes by the broker's own machinery: each lane of a group is worked by one member at a time.
 *
 * Failure: a member that dies or is stopped loses its lanes after the group's session time-out, and cannot commit
 * afterwards: whoever commits as `member` is refused by the broker when it is none any more. For a moment two members
 * may work on one lane; only one of them can commit.
 */
export interface LaneGroups {
  /** Asks to be taken in, and says at once by what to tell how that goes. */
  join(group: string, options: LaneGroupOptions, events: LaneGroupEvents): LaneMembership;
  /** Leaves all groups. */
  close(): Promise<void>;
}
