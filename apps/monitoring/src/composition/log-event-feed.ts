import {
  type Clock,
  compileTopicPattern,
  DedupeWindow,
  LaneTail,
  type Log,
  type TopicDirectory,
} from '@distributary/distribution-core';
import type { EventFeed, FeedRequest } from '../events/event-feed.js';

/** Feeds the service's own parts from the log, lane by lane, apart from what subscribers are sent. */
export class LogEventFeed implements EventFeed {
  constructor(
    private readonly log: Log,
    private readonly directory: TopicDirectory,
    private readonly clock: Clock,
    private readonly onError: (error: unknown) => void,
  ) {}

  subscribe(request: FeedRequest): () => Promise<void> {
    const opening = this.open(request);
    opening.catch(this.onError);
    return async () => {
      const tails = await opening.catch(() => []);
      await Promise.all(tails.map((tail) => tail.stop()));
    };
  }

  private async open({ patterns, start, consumer }: FeedRequest): Promise<LaneTail[]> {
    const compiled = patterns.map((pattern) => compileTopicPattern(pattern));
    const topics = this.directory.list().filter(({ name }) => compiled.some((pattern) => pattern.matches(name)));
    const ends = (await Promise.all(topics.map((topic) => this.log.ends(topic.brokerName)))).flat();
    const tails = ends.map(({ lane, beforeFirst, last }) => {
      const from = start === 'earliest' ? beforeFirst : last;
      return new LaneTail(
        {
          log: this.log,
          clock: this.clock,
          lane,
          brokerTopic: lane.topic,
          window: new DedupeWindow(),
          windowFrom: from,
          from,
          readyAt: last,
        },
        {
          onBatch: (batch) => consumer.apply(batch),
          onGap: () => undefined,
          onStalled: () => undefined,
          onGone: () => undefined,
        },
      );
    });
    await Promise.all(tails.map((tail) => tail.ready));
    consumer.ready();
    return tails;
  }
}
