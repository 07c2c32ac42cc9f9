import { BEFORE_FIRST, type Position } from '../position.js';
import type { FeedLane } from './feed.js';

/** What was read for a member of a lane, up to where it stands, and was neither sent nor told. */
export interface Merging {
  /** Events of its selection. */
  readonly merged: number;
  /** What comes next must be sent for its own sake. */
  readonly isStopped: boolean;
}

/** Where a member stands by itself. One that is live stands where its feed stands, and has none of these. */
export class MemberPlaces {
  /** Up to where its events have been looked at. A lane that is missing: nothing yet. */
  private readonly reached = new Map<FeedLane, Position>();
  /** The `pos` that the client was told last. Behind `reached` while nothing of a stretch matches. */
  private readonly told = new Map<FeedLane, Position>();
  /** Of each lane: how many events its feed had told when it stood where the member is now. Missing: nobody knows. */
  private readonly toldCounts = new Map<FeedLane, number>();
  /** How many events of each lane its feed had told when that was asked for first. */
  private readonly firstCounts = new Map<FeedLane, number>();

  private readonly merging = new Map<FeedLane, Merging>();

  reachedIn(lane: FeedLane): Position {
    return this.reached.get(lane) ?? BEFORE_FIRST;
  }

  toldIn(lane: FeedLane): Position | undefined {
    return this.told.get(lane);
  }

  toldCountIn(lane: FeedLane): number | undefined {
    return this.toldCounts.get(lane);
  }

  /** Events that its feed was told of the lane since this was asked first. */
  toldSince(lane: FeedLane): number {
    const first = this.firstCounts.get(lane);
    if (first === undefined) this.firstCounts.set(lane, lane.toldCount);
    return lane.toldCount - (first ?? lane.toldCount);
  }

  mergingIn(lane: FeedLane): Merging | undefined {
    return this.merging.get(lane);
  }

  mergeIn(lane: FeedLane, merging: Merging | undefined): void {
    if (merging === undefined) this.merging.delete(lane);
    else this.merging.set(lane, merging);
  }

  allTold(): Iterable<[FeedLane, Position]> {
    return this.told;
  }

  skim(lane: FeedLane, position: Position): void {
    this.reached.set(lane, position);
  }

  /** `events`: those between where it stood and `position`, sent or left out; undefined: nobody knows. */
  tell(lane: FeedLane, position: Position, events: number | undefined): void {
    this.reached.set(lane, position);
    this.told.set(lane, position);
    this.merging.delete(lane);
    const before = this.toldCounts.get(lane);
    if (before === undefined) return;
    if (events === undefined) this.toldCounts.delete(lane);
    else this.toldCounts.set(lane, before + events);
  }

  countFrom(lane: FeedLane, toldCount: number): void {
    this.toldCounts.set(lane, toldCount);
  }

  forget(lane: FeedLane): void {
    this.reached.delete(lane);
    this.told.delete(lane);
    this.toldCounts.delete(lane);
    this.firstCounts.delete(lane);
    this.merging.delete(lane);
  }
}
