import type { Clock, TopicDefinition } from '@distributary/distribution-core';
import type { TopicFigures } from '@distributary/distribution-nest';
import type { CachedTopicStats, DistributionCache } from './distribution-cache.js';

/** As long as answers of every process are told again. */
const FRESH_MICROS = 2_000_000;

/**
 * What a topic holds, as some process of the installation has asked the broker within the last two seconds. While the broker
 * does not answer, as it was up to half a minute ago: the answer says when that was.
 */
export class CachedTopicFigures implements TopicFigures {
  constructor(
    private readonly own: TopicFigures,
    private readonly stats: DistributionCache['topicStats'],
    private readonly clock: Clock,
  ) {}

  async of(topic: TopicDefinition): Promise<Pick<CachedTopicStats, 'lanes' | 'atMicros'>> {
    const known = await this.stats.get(topic.name);
    const isThere = known !== undefined && Array.isArray(known.lanes) && Number.isFinite(known.atMicros);
    if (isThere && this.clock.nowMicros() - known.atMicros <= FRESH_MICROS) return known;
    try {
      return await this.load(topic);
    } catch (error) {
      if (isThere) return known;
      throw error;
    }
  }

  /** Asks the broker, whatever is known, and keeps the answer. */
  async load(topic: TopicDefinition): Promise<CachedTopicStats> {
    const { lanes, atMicros } = await this.own.of(topic);
    const found = { topic: topic.name, atMicros, lanes };
    await this.stats.put(topic.name, found);
    return found;
  }
}
