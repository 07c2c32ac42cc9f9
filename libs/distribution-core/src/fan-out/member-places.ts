import { BEFORE_FIRST, type Position } from '../position.js';
import type { FeedLane } from './feed.js';

/** Where a member stands by itself. One that is live stands where its feed stands, and has none of these. */
export class MemberPlaces {
  /** Up to where its events have been looked at. A lane that is missing: nothing yet. */
  private readonly reached = new Map<FeedLane, Position>();
  /** The `pos` that the client was told last. Behind `reached` while nothing of a stretch matches. */
  private readonly told = new Map<FeedLane, Position>();
  /** Since it fell behind: how many events of each lane its feed had told by then. */
  private readonly toldCounts = new Map<FeedLane, number>();

  reachedIn(lane: FeedLane): Position {
    return this.reached.get(lane) ?? BEFORE_FIRST;
  }

  toldIn(lane: FeedLane): Position | undefined {
    return this.told.get(lane);
  }

  toldCountIn(lane: FeedLane): number | undefined {
    return this.toldCounts.get(lane);
  }

  allTold(): Iterable<[FeedLane, Position]> {
    return this.told;
  }

  skim(lane: FeedLane, position: Position): void {
    this.reached.set(lane, position);
  }

  tell(lane: FeedLane, position: Position): void {
    this.reached.set(lane, position);
    this.told.set(lane, position);
  }

  countFrom(lane: FeedLane, toldCount: number): void {
    this.toldCounts.set(lane, toldCount);
  }

  forget(lane: FeedLane): void {
    this.reached.delete(lane);
    this.told.delete(lane);
    this.toldCounts.delete(lane);
  }
}
