import { type Clock, type IdSource, Retrying as CoreRetrying } from '@distributary/distribution-core';
import { isTransient, notInTime } from '../kafka.errors.js';
import type { KafkaMetrics } from '../kafka-metrics.js';

/** Requests to Kafka are sent again when its answer may be another one in a while. Deadlines are of `Clock.monotonicMs`. */
export class Retrying extends CoreRetrying {
  constructor(
    private readonly clock: Clock,
    ids: IdSource,
    metrics: KafkaMetrics,
    closed: AbortSignal,
  ) {
    super({
      clock,
      ids,
      closed,
      isTransient,
      onRetry: () => metrics.retried(),
      closedMessage: 'the Kafka log is closed',
    });
  }

  /** Attempts until one succeeds or fails for good; none begins after the deadline, and one that is under way is waited for. */
  async before<Result>(deadlineMs: number, attempt: () => Promise<Result>): Promise<Result> {
    return this.within(this.leftMs(deadlineMs), attempt);
  }

  /** What comes of it, or `broker.unavailable` at the deadline: it goes on then, and is the caller's to look after. */
  async awaited<Result>(deadlineMs: number, work: Promise<Result>): Promise<Result> {
    const isOver = new AbortController();
    const late = this.wait(this.leftMs(deadlineMs), isOver.signal).then(() => Promise.reject(notInTime()));
    try {
      return await Promise.race([work, late]);
    } finally {
      isOver.abort();
    }
  }

  private leftMs(deadlineMs: number): number {
    const leftMs = deadlineMs - this.clock.monotonicMs();
    if (leftMs <= 0) throw notInTime();
    return leftMs;
  }
}
