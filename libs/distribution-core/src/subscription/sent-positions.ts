import { invalidRequest } from '../errors/distribution-error.js';
import type { FeedLane } from '../fan-out/feed.js';
import type { Member } from '../fan-out/member.js';
import { isSameLane, laneName, type LaneName } from '../lane.js';
import { BEFORE_FIRST, type LanePosition, type Position } from '../position.js';

/** How far each lane of one subscription was sent: no acknowledgement may go beyond. */
export class SentPositions {
  /** The furthest that was ever sent, of lanes that go back: it may be acknowledged though it is about to be sent again. */
  private readonly furthest = new Map<LaneName, Position>();

  constructor(private readonly member: () => Member | undefined) {}

  /** `request.invalid` for a lane or an epoch that is not the subscription's, and for what was not sent. */
  check(positions: readonly LanePosition[]): void {
    positions.forEach((position, index) => this.checkOne(position, `positions[${index}]`));
  }

  /** What the client was told since the lane last went back; undefined: no lane of the subscription. */
  toldIn(position: LanePosition): Position | undefined {
    for (const told of this.member()?.positions() ?? []) if (isSameLane(told, position)) return told.position;
    return this.laneOf(position) === undefined ? undefined : BEFORE_FIRST;
  }

  laneOf(position: LanePosition): FeedLane | undefined {
    for (const lane of this.member()?.feed.lanes.values() ?? []) {
      if (isSameLane(lane.state.lane, position)) return lane;
    }
    return undefined;
  }

  /** The lane goes back from here. */
  goesBackFrom(name: LaneName, upTo: Position): void {
    if (upTo > this.furthestIn(name)) this.furthest.set(name, upTo);
  }

  private checkOne(position: LanePosition, path: string): void {
    const told = this.toldIn(position);
    if (told === undefined) throw invalidRequest([{ path, rule: 'must name a lane and epoch of the subscription' }]);
    if (position.position > told && position.position > this.furthestIn(laneName(position)))
      throw invalidRequest([{ path: `${path}.position`, rule: 'must not be beyond what was sent' }]);
  }

  private furthestIn(name: LaneName): Position {
    return this.furthest.get(name) ?? BEFORE_FIRST;
  }
}
