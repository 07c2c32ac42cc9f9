import type { Clock, Counter, Log, Metrics, Queue, QueueConsumer, QueueOptions } from '@distributary/distribution-core';
import { DistributionError, invalidRequest, noMetrics } from '@distributary/distribution-core';
import { QueueSubscription } from './queue/queue-subscription.js';

export interface EmbeddedQueueOptions {
  /** Stays open when the queue closes: who opened it closes it. */
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics?: Metrics;
}

/**
 * The {@link Queue} over the groups of a log.
 *
 * All consumers of a subscription are in one process and share one `EmbeddedQueue`; two processes that join one name
 * would both receive everything.
 *
 * What is stored is one low-water position per lane: everything up to it is acknowledged. Acknowledgements above it,
 * attempts and delays are in memory, so after a crash an event that was acknowledged while an earlier one of its lane
 * was not may be delivered again, and attempts are counted from the beginning.
 *
 * The options of a subscription are those of its first consumer, until it has none.
 */
export class EmbeddedQueue implements Queue {
  private readonly subscriptions = new Map<string, Promise<QueueSubscription>>();
  private readonly dropped: Counter;
  private isClosed = false;

  constructor(private readonly options: EmbeddedQueueOptions) {
    this.dropped = (options.metrics ?? noMetrics).counter(
      'queue_dead_letters_dropped_total',
      'Events that failed too often and had no topic to go to',
      { broker: 'embedded' },
    );
  }

  async subscribe(name: string, options: QueueOptions): Promise<QueueConsumer> {
    this.check();
    checkOptions(options);
    for (;;) {
      const opening = this.subscriptions.get(name) ?? this.open(name, options);
      const subscription = await opening;
      this.check();
      // Someone else may have ended it while this call waited.
      if (this.subscriptions.get(name) !== opening) continue;
      if (isEqual(subscription.options, options)) return subscription.join();
      if (!subscription.isIdle) throw differs(subscription.options, options);
      this.subscriptions.delete(name);
      await subscription.end();
    }
  }

  async deleteSubscription(name: string): Promise<void> {
    this.check();
    await this.end(name);
    await this.options.log.deleteGroup(groupOf(name));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.subscriptions.keys()].map((name) => this.end(name)));
  }

  private open(name: string, options: QueueOptions): Promise<QueueSubscription> {
    const { log, clock } = this.options;
    const opening = QueueSubscription.open(options, { log, clock, group: groupOf(name), dropped: this.dropped });
    this.subscriptions.set(name, opening);
    opening.catch(() => {
      if (this.subscriptions.get(name) === opening) this.subscriptions.delete(name);
    });
    return opening;
  }

  private async end(name: string): Promise<void> {
    const opening = this.subscriptions.get(name);
    this.subscriptions.delete(name);
    await (await opening?.catch(() => undefined))?.end();
  }

  private check(): void {
    if (this.isClosed) throw new DistributionError('broker.unavailable', 'the queue is closed');
  }
}

const groupOf = (name: string): string => `queue:${name}`;

function checkOptions(options: QueueOptions): void {
  const problems = [];
  if (options.topics.length === 0) problems.push({ path: 'topics', rule: 'must name at least one topic' });
  for (const name of ['ackTimeoutMs', 'maxAttempts', 'maxUnacked'] as const) {
    if (!(options[name] >= 1)) problems.push({ path: name, rule: 'must be at least 1' });
  }
  if (problems.length > 0) throw invalidRequest(problems);
}

const isEqual = (a: QueueOptions, b: QueueOptions): boolean => textOf(a) === textOf(b);

/** Where it starts matters only when it is created. */
function textOf({ topics, type, ackTimeoutMs, maxAttempts, maxUnacked, deadLetterTopic }: QueueOptions): string {
  return JSON.stringify([[...topics].sort(), type, ackTimeoutMs, maxAttempts, maxUnacked, deadLetterTopic ?? null]);
}

function differs(present: QueueOptions, wanted: QueueOptions): DistributionError {
  if (present.type === 'exclusive' || wanted.type === 'exclusive') {
    return new DistributionError('subscription.taken', 'the subscription has a consumer already');
  }
  return invalidRequest([{ path: 'options', rule: 'must be those of the consumers that the subscription has' }]);
}
