import type { GroupMember } from '../../ports/log.port.js';

/** A lane that may be routed by one process at a time. */
export interface RightPlace {
  readonly brokerName: string;
  readonly partition: number;
  readonly group: string;
}

/** The sole right to route a lane, until it is released or its signal aborts. */
export interface LaneRight {
  /** Aborts when the right is lost, or wanted back. */
  readonly signal: AbortSignal;
  /** Whether nobody else can have it at this moment, as far as this process can tell. */
  isSure(): boolean;
  /**
   * How appends of its holder name themselves, where the log knows members of groups; after one was `refused`, how they
   * name themselves since. `generation.stale` when the right is lost.
   */
  member(refused?: GroupMember): Promise<GroupMember | undefined>;
  /** Never rejects. */
  release(): Promise<void>;
}

/** Where routers get the right to a lane from. */
export interface LaneRights {
  acquire(place: RightPlace): Promise<LaneRight | 'taken'>;
  /** Nothing of the group is routed by this process any more. */
  leave(group: string): Promise<void>;
  close(): Promise<void>;
}
