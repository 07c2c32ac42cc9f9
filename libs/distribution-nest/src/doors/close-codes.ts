import { CLOSE_CODES } from '@distributary/contracts';
import type { CloseReason } from '@distributary/distribution-core';

const CODES = {
  going_away: CLOSE_CODES.goingAway,
  draining: CLOSE_CODES.draining,
  too_slow: CLOSE_CODES.tooSlow,
  position_lost: CLOSE_CODES.positionLost,
  ownership_lost: CLOSE_CODES.conflict,
  overloaded: CLOSE_CODES.overloaded,
  malformed: CLOSE_CODES.malformed,
  too_big: CLOSE_CODES.tooBig,
  heartbeat_missed: CLOSE_CODES.heartbeatMissed,
  hello_timeout: CLOSE_CODES.helloTimeout,
  subprotocol: CLOSE_CODES.subprotocol,
  unauthenticated: CLOSE_CODES.unauthenticated,
  token_expired: CLOSE_CODES.unauthenticated,
  revoked: CLOSE_CODES.forbidden,
  quota: CLOSE_CODES.quota,
  internal: CLOSE_CODES.internal,
} as const satisfies Record<CloseReason, number>;

export const closeCodeOf = (reason: CloseReason): number => CODES[reason];
