import {
  type Clock,
  compileTopicPattern,
  DedupeWindow,
  LaneTail,
  type Log,
  type TopicDirectory,
} from '@distributary/distribution-core';
import type { EventFeed, FeedRequest } from '../events/event-feed.js';

const RETRY_MS = 1_000;

/** Feeds the service's own parts from the log, lane by lane, apart from what subscribers are sent. */
export class LogEventFeed implements EventFeed {
  constructor(
    private readonly log: Log,
    private readonly directory: TopicDirectory,
    private readonly clock: Clock,
    private readonly onError: (error: unknown) => void,
  ) {}

  subscribe(request: FeedRequest): () => Promise<void> {
    const ended = new AbortController();
    const opening = this.openWithRetry(request, ended.signal);
    return async () => {
      ended.abort();
      await Promise.all((await opening).map((tail) => tail.stop()));
    };
  }

  /** The broker may not answer yet: tried again until it does or the feed is ended. */
  private async openWithRetry(request: FeedRequest, ended: AbortSignal): Promise<LaneTail[]> {
    while (!ended.aborted) {
      try {
        return await this.open(request);
      } catch (error) {
        this.onError(error);
        await new Promise<void>((resolve) => {
          const cancel = this.clock.after(RETRY_MS, resolve);
          ended.addEventListener('abort', () => (cancel(), resolve()), { once: true });
        });
      }
    }
    return [];
  }

  private async open({ patterns, start, consumer }: FeedRequest): Promise<LaneTail[]> {
    const compiled = patterns.map((pattern) => compileTopicPattern(pattern));
    const topics = this.directory.list().filter(({ name }) => compiled.some((pattern) => pattern.matches(name)));
    const ends = await Promise.all(
      topics.map(async ({ name, brokerName }) => (await this.log.ends(brokerName)).map((end) => ({ name, ...end }))),
    );
    const tails = ends.flat().map(({ name, lane, beforeFirst, last }) => {
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
          onBatch: (batch) => consumer.apply(batch, name),
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
