import type { GroupMember } from '@distributary/distribution-core';

/**
 * Why a coordinator did not do what it was asked:
 * - `member_id_required`: join again under `memberId`.
 * - `unknown_member`: the group goes on without this member; its lanes are lost.
 * - `changing`: the group changes, or has changed: join again, lanes are kept.
 * - `unreachable`: nothing is known; ask again, the coordinator may have moved.
 * - `denied`: no use asking again.
 */
export type GroupTrouble = 'member_id_required' | 'unknown_member' | 'changing' | 'unreachable' | 'denied';

export class GroupError extends Error {
  override readonly name = 'GroupError';

  constructor(
    readonly trouble: GroupTrouble,
    message: string,
    readonly memberId?: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

export interface Joined extends GroupMember {
  /** Everybody's introduction if this member is the leader, else nobody's. */
  readonly members: readonly { readonly memberId: string; readonly metadata: Buffer }[];
  readonly isLeader: boolean;
}

/** One member's line to the broker that coordinates its group. All calls reject with {@link GroupError}. */
export interface GroupCoordinator {
  /** Waits for the other members, at most the group's rebalance time-out. */
  join(memberId: string, introduction: Buffer): Promise<Joined>;
  /** The leader's grants, by member; others give none. Answers with one's own. */
  sync(member: GroupMember, grants: ReadonlyMap<string, Buffer>): Promise<Buffer>;
  heartbeat(member: GroupMember): Promise<void>;
  leave(memberId: string): Promise<void>;
  /** How many lanes each of the topics has; without those that do not exist. */
  partitions(topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}
