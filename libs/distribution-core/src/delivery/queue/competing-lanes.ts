import { type LaneName, laneName } from '../../lane.js';
import { compileSelection } from '../../matching/entry-matcher.js';
import type {
  CompetingMembership,
  CompetingOptions,
  CompetingSource,
} from '../../ports/competing-subscriptions.port.js';
import type { LanePlace } from '../../ports/lane-groups.port.js';
import type { QueueOptions } from '../../ports/queue.port.js';
import { QueueSubscription, type SubscriptionParts } from './queue-subscription.js';
import { SourceLane } from './source-lane.js';

type CompetingQueueOptions = QueueOptions & Pick<CompetingOptions, 'type'>;

export const isCompeting = (options: QueueOptions): options is CompetingQueueOptions =>
  options.type === 'shared' || options.type === 'key_shared';

/**
 * A subscription whose events the broker spreads over processes. Inside of this one its consumers share what it was given:
 * a refused event stays here, and is delivered here again, as long as it has a consumer.
 */
export async function openCompeting(
  name: string,
  options: CompetingQueueOptions,
  parts: SubscriptionParts,
  source: CompetingSource,
): Promise<QueueSubscription> {
  for (const topic of options.topics) await parts.log.ends(topic);
  const matcher = options.selection === undefined ? undefined : compileSelection(options.selection);
  const lanes = new Map<LaneName, SourceLane>();
  const joined: { membership?: CompetingMembership } = {};
  const subscription = new QueueSubscription(options, { ...parts, leave: async () => joined.membership?.leave() });
  const laneOf = (lane: LanePlace & { readonly epoch: string }): SourceLane => {
    let found = lanes.get(laneName(lane));
    if (found === undefined || found.lane.epoch !== lane.epoch) {
      found = new SourceLane({
        lane,
        matcher,
        ack: async (positions) => joined.membership?.ack(lane, positions),
      });
      lanes.set(laneName(lane), found);
      subscription.addLane(found);
    }
    return found;
  };
  joined.membership = await source.join(name, options, {
    onBatch: (batch, redeliveries) => {
      laneOf(batch.lane).put(batch, redeliveries);
      subscription.dispatch();
    },
    onLost: (lane) => lanes.get(laneName(lane))?.dropReady(),
  });
  return subscription;
}
