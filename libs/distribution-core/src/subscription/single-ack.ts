import { type DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { LanePosition } from '../position.js';

/** Events that are acknowledged, or refused, one by one: by their ids or by exactly their positions. */
export interface SingleAck {
  readonly eventIds?: readonly string[] | undefined;
  readonly at?: readonly LanePosition[] | undefined;
}

/** Single events were named where only positions can be. */
export const onlyCumulative = (): DistributionError =>
  invalidRequest([
    { path: 'event_ids', rule: 'exclusive and failover are acknowledged cumulatively: name positions or a cursor' },
  ]);
