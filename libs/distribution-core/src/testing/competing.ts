import type { DeliveryOutcomes } from '../delivery/delivery-outcomes.js';
import type { Clock } from '../ports/clock.port.js';
import type { CursorStore } from '../ports/cursor-store.port.js';
import type { Log } from '../ports/log.port.js';
import { noMetrics } from '../ports/metrics.port.js';
import { CompetingSubscriptions } from '../subscription/competing/competing-subscriptions.js';
import type { Spreading } from '../subscription/competing/supply.js';
import type { Replays } from '../subscription/replays.js';
import { DEFAULT_STREAM_SESSION_LIMITS } from '../subscription/stream-session-dependencies.js';

/** The subscriptions of the shared types of one process; pauses between attempts are half as long as they may be. */
export function aCompetingProcess(
  parts: { readonly log: Log; readonly cursors: CursorStore; readonly clock: Clock },
  options: {
    readonly ownerId?: string;
    readonly replays?: Replays;
    readonly spreading?: Spreading;
    readonly outcomes?: DeliveryOutcomes;
  } = {},
): CompetingSubscriptions {
  return new CompetingSubscriptions({
    ...parts,
    ids: { uuid: () => options.ownerId ?? 'this-process', random: () => 0.5 },
    metrics: noMetrics,
    limits: DEFAULT_STREAM_SESSION_LIMITS,
    replays: options.replays,
    ...(options.spreading !== undefined && { spreading: options.spreading }),
    ...(options.outcomes !== undefined && { outcomes: options.outcomes }),
  });
}
