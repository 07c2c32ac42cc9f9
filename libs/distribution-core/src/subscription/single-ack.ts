import type { LanePosition } from '../position.js';

/** Events that are acknowledged, or refused, one by one: by their ids or by exactly their positions. */
export interface SingleAck {
  readonly eventIds?: readonly string[] | undefined;
  readonly at?: readonly LanePosition[] | undefined;
}
