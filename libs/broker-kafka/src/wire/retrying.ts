import { type Clock, type IdSource, pause } from '@distributary/distribution-core';
import { KafkaError, unavailable } from '../kafka.errors.js';
import type { KafkaMetrics } from '../kafka-metrics.js';

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1_000;

/** Doubles up to a second, and is spread so that those who failed together do not come back together. */
export function pauseMs(tries: number, random: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tries, 16), LONGEST_PAUSE_MS) * (0.5 + random / 2);
}

/** The one place that decides whether a request is sent again, and when. */
export class Retrying {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly metrics: KafkaMetrics,
    private readonly closed: AbortSignal,
  ) {}

  /** Attempts until one succeeds, fails for good, or `limitMs` are over; then rejects with the last failure. */
  async within<Result>(limitMs: number, attempt: (tries: number) => Promise<Result>): Promise<Result> {
    const endMs = this.clock.monotonicMs() + limitMs;
    for (let tries = 0; ; tries++) {
      try {
        return await attempt(tries);
      } catch (error) {
        if (!(error instanceof KafkaError) || !error.isTransient) throw error;
        if (this.clock.monotonicMs() + pauseMs(tries, 1) >= endMs) throw error;
        await this.pause(tries);
      }
    }
  }

  /** Before another attempt. Ends at once with `broker.unavailable` when the log is closed. */
  async pause(tries: number, signal: AbortSignal = this.closed): Promise<void> {
    this.metrics.retried();
    await this.wait(pauseMs(tries, this.ids.random()), signal);
    if (this.closed.aborted) throw unavailable('the Kafka log is closed');
  }

  wait(ms: number, signal: AbortSignal = this.closed): Promise<void> {
    return pause(this.clock, ms, signal);
  }
}
