import { DistributionError } from '../errors/distribution-error.js';
import type { Clock } from '../ports/clock.port.js';
import type { Gauge, Metrics } from '../ports/metrics.port.js';
import type { TopicDirectory } from '../routing/topic-directory.js';
import { BusyRefusals } from './busy-refusals.js';
import { EVENT_OVERHEAD_BYTES, type PublishedEvent, type TopicLookup } from './published-event.js';

export interface AwaitedTopicsDependencies {
  readonly topics: TopicLookup & Pick<TopicDirectory, 'look'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Of all calls that wait. */
  readonly maxWaitingBytes?: number;
}

const MAX_WAITING_BYTES = 16 * 1024 * 1024;
const MAX_WAIT_MS = 2_000;
const RETRY_AFTER_MS = 200;

/**
 * Before it is said that there is no such topic, the catalog is looked at: another process may have just made it. A call with
 * such a topic waits for that, and those behind it with one of its topics; all others begin at once.
 *
 * Order: calls with the same topic begin in the order in which they were made.
 * Failure: `store.unavailable` if nobody can say in time what topics there are, `ingest.busy` if too much waits; such a call
 * never began.
 */
export class AwaitedTopics {
  /** The last call that waits, by topic. Never rejects. */
  private readonly last = new Map<string, Promise<unknown>>();
  private readonly busy: BusyRefusals;
  private readonly waitingGauge: Gauge;
  private waitingBytes = 0;

  constructor(private readonly deps: AwaitedTopicsDependencies) {
    this.busy = new BusyRefusals(deps.metrics);
    this.waitingGauge = deps.metrics.gauge(
      'ingest_awaiting_topics_bytes',
      'Bytes of calls that wait until it is known whether there is such a topic',
    );
  }

  run<Result>(events: readonly PublishedEvent[], work: () => Promise<Result>): Promise<Result> {
    let isUnknown = false;
    let isBehind = false;
    for (let at = 0; at < events.length && !isUnknown; at++) {
      const { topic } = events[at];
      if (at > 0 && topic === events[at - 1].topic) continue;
      isUnknown = this.deps.topics.find(topic) === undefined;
      isBehind ||= this.last.has(topic);
    }
    return isUnknown || isBehind ? this.later(events, isUnknown, work) : work();
  }

  private async later<Result>(
    events: readonly PublishedEvent[],
    isUnknown: boolean,
    work: () => Promise<Result>,
  ): Promise<Result> {
    const bytes = events.reduce((sum, { record }) => sum + record.value.length + EVENT_OVERHEAD_BYTES, 0);
    if (this.waitingBytes + bytes > (this.deps.maxWaitingBytes ?? MAX_WAITING_BYTES)) {
      throw this.busy.refuse('too much waits for topics that are not known here', RETRY_AFTER_MS);
    }
    const names = [...new Set(events.map(({ topic }) => topic))];
    const before = names.map((name) => this.last.get(name));
    const turn = Promise.allSettled([isUnknown ? this.look() : undefined, ...before]);
    for (const name of names) this.last.set(name, turn);
    this.countWaiting(bytes);
    // Whoever comes behind it waits for the same turn, and hears of it later.
    const [looked] = await turn;
    this.countWaiting(-bytes);
    for (const name of names) if (this.last.get(name) === turn) this.last.delete(name);
    if (looked.status === 'rejected') throw looked.reason;
    return work();
  }

  private countWaiting(bytes: number): void {
    this.waitingBytes += bytes;
    this.waitingGauge.set(this.waitingBytes);
  }

  private look(): Promise<void> {
    const { topics, clock } = this.deps;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(MAX_WAIT_MS, () =>
        reject(new DistributionError('store.unavailable', 'it cannot be told in time whether there is such a topic')),
      );
      topics.look().then(resolve, reject).finally(cancel);
    });
  }
}
