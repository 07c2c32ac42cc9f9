import type { LanePosition, Position } from '../position.js';

/** The sole right to advance the positions of one durable subscription, until it expires by the store's clock. */
export interface Ownership {
  readonly subscriptionId: string;
  readonly ownerId: string;
  readonly generation: number;
  readonly termMs: number;
}

/** What is known of single events above a position: those that are dealt with, and how often others have failed. */
export interface Above {
  readonly acked: readonly Position[];
  readonly failures: Readonly<Record<Position, number>>;
}

export interface StoredPosition extends LanePosition {
  readonly above?: Above;
}

/** Who has the right to move the positions, and when they were moved last; for those who look on. */
export interface OwnershipStanding {
  /** Undefined if nobody has it. */
  readonly ownerId: string | undefined;
  /** Until the owner's right ends if it is not renewed, by the store's clock; undefined if nobody has it. */
  readonly termLeftMs: number | undefined;
  /** 0 if nobody ever had it. */
  readonly generation: number;
  /** Epoch microseconds, by the store's clock. */
  readonly storedAtMicros: number | undefined;
}

/**
 * Positions of durable subscriptions and who may move them: one port, because a position is written only
 * `WHERE generation = mine`, atomically.
 *
 * Two may briefly receive, one may acknowledge. Positions of one lane and epoch never go back, except by `rewind`;
 * a position of a new epoch replaces the lane's old one.
 * Failure: `subscription.not_found`, `store.unavailable`. Calls may overlap.
 */
export interface CursorStore {
  /** Increments the generation. `taken` while another owner's term runs, unless `force`. */
  acquire(
    subscriptionId: string,
    ownerId: string,
    termMs: number,
    options?: { readonly force?: boolean },
  ): Promise<Ownership | 'taken'>;
  /** Starts the term anew; `lost` if someone else has taken it. */
  renew(ownership: Ownership): Promise<'renewed' | 'lost'>;
  release(ownership: Ownership): Promise<void>;
  load(subscriptionId: string): Promise<readonly LanePosition[]>;
  /** The same with what is known above each position. */
  loadWithAbove(subscriptionId: string): Promise<readonly StoredPosition[]>;
  /**
   * All or nothing. `stale` if the generation is not the present one. What is known above a position goes with it: the
   * same position again replaces it. `ended`: lives of lanes that are over, of which nothing is kept.
   */
  store(
    ownership: Ownership,
    positions: readonly StoredPosition[],
    ended?: readonly LanePosition[],
  ): Promise<'stored' | 'stale'>;
  /** Sets positions, backwards too, and ends any ownership: the next owner starts there. */
  rewind(subscriptionId: string, positions: readonly LanePosition[]): Promise<void>;
  /** Sets the positions of lanes that begin to belong to the subscription; its owner stays, and so do other lanes. */
  place(subscriptionId: string, positions: readonly LanePosition[]): Promise<void>;
  standing(subscriptionId: string): Promise<OwnershipStanding>;
}
