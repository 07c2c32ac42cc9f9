import { compileSelection } from '../../matching/entry-matcher.js';
import type { CompetingOptions, CompetingSource } from '../../ports/competing-subscriptions.port.js';
import type { QueueOptions } from '../../ports/queue.port.js';
import { QueueSubscription, type SubscriptionParts } from './queue-subscription.js';
import { SourceLanes } from './source-lanes.js';

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
  const { topics, type, maxUnacked, start, selection } = options;
  const matcher = selection === undefined ? undefined : compileSelection(selection);
  const lanes = new SourceLanes({ name, source, type, maxUnacked, matcher });
  const subscription = new QueueSubscription(options, { ...parts, leave: () => lanes.leave() });
  lanes.connect(subscription);
  await lanes.join(
    topics.map((topic) => ({ name: topic, brokerName: topic })),
    { start },
  );
  return subscription;
}
