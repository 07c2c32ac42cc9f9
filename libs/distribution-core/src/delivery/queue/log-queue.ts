import { DistributionError, invalidRequest } from '../../errors/distribution-error.js';
import type { Clock } from '../../ports/clock.port.js';
import type { Log } from '../../ports/log.port.js';
import { type Counter, type Metrics, noMetrics } from '../../ports/metrics.port.js';
import type { Queue, QueueConsumer, QueueOptions } from '../../ports/queue.port.js';
import { TopicDeadLetters } from './letter-burial.js';
import { GroupPositions } from './position-keeper.js';
import { QueueSubscription } from './queue-subscription.js';

export interface LogQueueOptions {
  /** Stays open when the queue closes: who opened it closes it. */
  readonly log: Log;
  readonly clock: Clock;
  /** Uniform in [0, 1), for pauses with jitter; without it they are as long as they may be. */
  readonly random?: () => number;
  readonly metrics?: Metrics;
}

/**
 * The {@link Queue} over the groups of a log.
 *
 * All consumers of a subscription are in one process and share one `LogQueue`; two processes that join one name
 * would both receive everything.
 *
 * What is stored is one low-water position per lane: everything up to it is acknowledged. Acknowledgements above it,
 * attempts and delays are in memory, so after a crash an event that was acknowledged while an earlier one of its lane
 * was not may be delivered again, and attempts are counted from the beginning.
 *
 * The options of a subscription are those of its first consumer, until it has none.
 */
export class LogQueue implements Queue {
  private readonly subscriptions = new Map<string, Promise<QueueSubscription>>();
  private readonly dropped: Counter;
  private readonly redelivered: Counter;
  private isClosed = false;

  constructor(private readonly options: LogQueueOptions) {
    const metrics = options.metrics ?? noMetrics;
    this.dropped = metrics.counter(
      'queue_dead_letters_dropped_total',
      'Events that failed too often and had no topic to go to',
    );
    this.redelivered = metrics.counter('queue_redeliveries_total', 'Events that were given out a second time or more');
  }

  async subscribe(name: string, options: QueueOptions): Promise<QueueConsumer> {
    this.check();
    checkQueueOptions(options);
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
    const { log, clock, random = () => 1 } = this.options;
    const opening = QueueSubscription.open(options, {
      log,
      clock,
      random,
      positions: new GroupPositions(log, groupOf(name)),
      deadLetters:
        options.deadLetterTopic === undefined ? undefined : new TopicDeadLetters(log, options.deadLetterTopic),
      dropped: this.dropped,
      redelivered: this.redelivered,
      brokerName: (topic) => topic,
      dedupeWindowMs: undefined,
    });
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

export function checkQueueOptions(options: QueueOptions): void {
  const problems = [];
  if (options.topics.length === 0) problems.push({ path: 'topics', rule: 'must name at least one topic' });
  for (const name of ['ackTimeoutMs', 'maxAttempts', 'maxUnacked'] as const) {
    if (!(options[name] >= 1)) problems.push({ path: name, rule: 'must be at least 1' });
  }
  if (problems.length > 0) throw invalidRequest(problems);
}

const isEqual = (a: QueueOptions, b: QueueOptions): boolean => textOf(a) === textOf(b);

/** Where it starts matters only when it is created. */
function textOf({ topics, start: _, deadLetterTopic, redelivery, selection, ...rest }: QueueOptions): string {
  return JSON.stringify([
    [...topics].sort(),
    [rest.type, rest.ackTimeoutMs, rest.maxAttempts, rest.maxUnacked],
    [deadLetterTopic ?? null, redelivery ?? null, selection ?? null],
  ]);
}

function differs(present: QueueOptions, wanted: QueueOptions): DistributionError {
  if (present.type === 'exclusive' || wanted.type === 'exclusive') {
    return new DistributionError('subscription.taken', 'the subscription has a consumer already');
  }
  return invalidRequest([{ path: 'options', rule: 'must be those of the consumers that the subscription has' }]);
}
