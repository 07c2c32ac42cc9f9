import { DistributionError, invalidRequest } from '../../errors/distribution-error.js';
import type { Clock } from '../../ports/clock.port.js';
import type { CompetingSource } from '../../ports/competing-subscriptions.port.js';
import type { LaneGroups, LaneSharing } from '../../ports/lane-groups.port.js';
import type { Log } from '../../ports/log.port.js';
import { type Counter, type Metrics, noMetrics } from '../../ports/metrics.port.js';
import type { Queue, QueueConsumer, QueueOptions, SubscriptionType } from '../../ports/queue.port.js';
import { isCompeting, openCompeting } from './competing-lanes.js';
import { GroupLanes } from './group-lanes.js';
import { TopicDeadLetters } from './letter-burial.js';
import { GroupPositions } from './position-keeper.js';
import { QueueSubscription, type SubscriptionParts } from './queue-subscription.js';

export interface LogQueueOptions {
  /** Stays open when the queue closes: who opened it closes it. */
  readonly log: Log;
  readonly clock: Clock;
  /** Uniform in [0, 1), for pauses with jitter; without it they are as long as they may be. */
  readonly random?: () => number;
  readonly metrics?: Metrics;
  /** With it, other processes that join a subscription share its lanes; without it all of them are in this process. */
  readonly groups?: LaneGroups;
  /** With it, `shared` and `key_shared` subscriptions are the broker's own, whose events it spreads over processes. */
  readonly competing?: CompetingSource;
}

const SHARING: Readonly<Record<SubscriptionType, LaneSharing>> = {
  exclusive: 'sole',
  failover: 'one',
  shared: 'spread',
  key_shared: 'spread',
};

/**
 * The {@link Queue} over the groups of a log.
 *
 * All consumers of a subscription that are in one process share one `LogQueue`. Without `groups`, two processes that join
 * one name would both receive everything. With them, each lane is worked by one process at a time: consumers of `shared`
 * and `key_shared` get events of the lanes that their process has, and none while there are more processes than lanes.
 *
 * What is stored is one low-water position per lane: everything up to it is acknowledged. Acknowledgements above it,
 * attempts and delays are in memory, so after a crash an event that was acknowledged while an earlier one of its lane
 * was not may be delivered again, and attempts are counted from the beginning.
 *
 * The options of a subscription are those of its first consumer, until it has none.
 */
export class LogQueue implements Queue {
  private readonly subscriptions = new Map<string, Promise<QueueSubscription>>();
  /** By name: what is still being given up; whoever comes next waits for it. */
  private readonly ending = new Map<string, Promise<void>>();
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
      await this.end(name);
    }
  }

  async deleteSubscription(name: string): Promise<void> {
    this.check();
    await this.end(name);
    await this.options.log.deleteGroup(groupOf(name));
    await this.options.competing?.delete(name);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.subscriptions.keys()].map((name) => this.end(name)));
  }

  private open(name: string, options: QueueOptions): Promise<QueueSubscription> {
    const { log, groups, competing } = this.options;
    const opening: Promise<QueueSubscription> = (this.ending.get(name) ?? Promise.resolve()).then(() => {
      const positions = new GroupPositions(log, groupOf(name));
      if (competing !== undefined && isCompeting(options)) {
        const parts = { ...this.partsOf(options, positions), onIdle: () => this.endIfPresent(name, opening) };
        return openCompeting(name, options, parts, competing);
      }
      return groups === undefined
        ? QueueSubscription.open(options, this.partsOf(options, positions))
        : this.openShared(name, options, groups, () => opening);
    });
    this.subscriptions.set(name, opening);
    opening.catch(() => {
      if (this.subscriptions.get(name) === opening) this.subscriptions.delete(name);
    });
    return opening;
  }

  /** Of a process that shares the lanes with others: those without a consumer would starve what is given to them. */
  private async openShared(
    name: string,
    options: QueueOptions,
    groups: LaneGroups,
    present: () => Promise<QueueSubscription>,
  ): Promise<QueueSubscription> {
    const { log, clock } = this.options;
    const endIfPresent = () => this.endIfPresent(name, present());
    const onEnded = () => void endIfPresent();
    const lanes = new GroupLanes({ log, clock, group: groupOf(name), start: options.start, onEnded });
    // `topic.not_found` while there is somebody to be told.
    for (const topic of options.topics) await log.ends(topic);
    const membership = groups.join(
      groupOf(name),
      { topics: options.topics, sharing: SHARING[options.type], terms: textOf(options) },
      lanes,
    );
    const subscription = new QueueSubscription(options, {
      ...this.partsOf(options, lanes),
      onIdle: endIfPresent,
      leave: () => membership.leave(),
    });
    lanes.connect(subscription, membership);
    await membership.ready();
    return subscription;
  }

  private partsOf(options: QueueOptions, positions: SubscriptionParts['positions']): SubscriptionParts {
    const { log, clock, random = () => 1 } = this.options;
    const { deadLetterTopic } = options;
    return {
      log,
      clock,
      random,
      positions,
      deadLetters: deadLetterTopic === undefined ? undefined : new TopicDeadLetters(log, deadLetterTopic),
      dropped: this.dropped,
      redelivered: this.redelivered,
      brokerName: (topic) => topic,
      dedupeWindowMs: undefined,
    };
  }

  private async endIfPresent(name: string, subscription: Promise<QueueSubscription>): Promise<void> {
    if (this.subscriptions.get(name) === subscription) await this.end(name);
  }

  private end(name: string): Promise<void> {
    const opening = this.subscriptions.get(name);
    this.subscriptions.delete(name);
    const ending = Promise.all([
      this.ending.get(name),
      opening?.then(
        (subscription) => subscription.end(),
        () => undefined,
      ),
    ]).then(() => {
      if (this.ending.get(name) === ending) this.ending.delete(name);
    });
    this.ending.set(name, ending);
    return ending;
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
