import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { EventBatch } from '../event-batch.js';
import type { Clock } from '../ports/clock.port.js';
import type { Log } from '../ports/log.port.js';
import type { Delivery, Queue, QueueConsumer, QueueOptions } from '../ports/queue.port.js';
import type { LanePosition } from '../position.js';

interface Item {
  readonly batch: EventBatch;
  readonly index: number;
  readonly key: string;
  readonly at: LanePosition;
  attempt: number;
  failures: number;
  state: 'ready' | 'held' | 'done';
  holder: Consumer | undefined;
  readyAtMs: number;
  dueMs: number;
}

/** A {@link Queue} over the groups of a log, written to be seen through and not to be fast. */
export class InMemoryQueue implements Queue {
  private readonly subscriptions = new Map<string, Promise<Subscription>>();
  private isClosed = false;

  constructor(
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  async subscribe(name: string, options: QueueOptions): Promise<QueueConsumer> {
    if (this.isClosed) throw new DistributionError('broker.unavailable', 'the queue is closed');
    if (options.topics.length === 0) throw invalidRequest([{ path: 'topics', rule: 'must name at least one topic' }]);
    if ((await this.subscriptions.get(name))?.consumers.length === 0) await this.end(name);
    const opening = this.subscriptions.get(name) ?? Subscription.open(name, options, this.log, this.clock);
    this.subscriptions.set(name, opening);
    opening.catch(() => this.subscriptions.delete(name));
    const subscription = await opening;
    if (options.type === 'exclusive' && subscription.consumers.length > 0) {
      throw new DistributionError('subscription.taken', `${name} has its one consumer already`);
    }
    return subscription.join();
  }

  async deleteSubscription(name: string): Promise<void> {
    await this.end(name);
    await this.log.deleteGroup(name);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const name of [...this.subscriptions.keys()]) await this.end(name);
  }

  private async end(name: string): Promise<void> {
    const opening = this.subscriptions.get(name);
    this.subscriptions.delete(name);
    await (await opening)?.end();
  }
}

class Subscription {
  readonly consumers: Consumer[] = [];
  readonly items: Item[] = [];
  private readonly abort = new AbortController();
  private readonly tails: Promise<void>[] = [];
  private cancelAlarm: () => void = () => undefined;

  private constructor(
    private readonly name: string,
    readonly options: QueueOptions,
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  static async open(name: string, options: QueueOptions, log: Log, clock: Clock): Promise<Subscription> {
    const subscription = new Subscription(name, options, log, clock);
    await subscription.begin();
    return subscription;
  }

  private async begin(): Promise<void> {
    const committed = await this.log.committed(this.name);
    const positions: LanePosition[] = [];
    for (const topic of this.options.topics) {
      for (const { lane, beforeFirst, last } of await this.log.ends(topic)) {
        const known = committed.find((at) => at.topic === topic && at.partition === lane.partition);
        const begin = known || this.options.start === 'earliest' ? beforeFirst : last;
        const position = known?.epoch === lane.epoch ? known.position : begin;
        positions.push({ ...lane, position });
      }
    }
    await this.log.commit({ group: this.name, positions });
    for (const position of positions) this.tails.push(this.follow(position));
  }

  join(): Consumer {
    const consumer = new Consumer(this);
    this.consumers.push(consumer);
    return consumer;
  }

  async end(): Promise<void> {
    this.cancelAlarm();
    this.abort.abort();
    for (const consumer of this.consumers.splice(0)) consumer.end();
    await Promise.all(this.tails);
  }

  find(delivery: Delivery): Item | undefined {
    return this.items.find(({ at }) => isSameLane(at, delivery.at) && at.position === delivery.at.position);
  }

  async finish(items: readonly (Item | undefined)[]): Promise<void> {
    for (const item of items) {
      if (item === undefined) continue;
      item.state = 'done';
      item.holder = undefined;
    }
    const positions = new Map<string, LanePosition>();
    const open = new Set<string>();
    for (const item of [...this.items]) {
      const lane = `${item.at.topic}#${item.at.partition}`;
      if (item.state !== 'done') open.add(lane);
      if (open.has(lane)) continue;
      positions.set(lane, item.at);
      this.items.splice(this.items.indexOf(item), 1);
    }
    this.pump();
    if (positions.size > 0) await this.log.commit({ group: this.name, positions: [...positions.values()] });
  }

  async fail(item: Item, delayMs: number): Promise<void> {
    item.failures++;
    giveBack(item);
    item.readyAtMs = this.clock.monotonicMs() + delayMs;
    for (const later of this.items) {
      if (later.state === 'held' && isSameLane(later.at, item.at) && later.at.position > item.at.position) {
        if (this.mustWait(later, item)) giveBack(later);
      }
    }
    if (item.failures >= this.options.maxAttempts) {
      const { deadLetterTopic: topic } = this.options;
      item.readyAtMs = Infinity;
      if (topic !== undefined)
        await this.log.append([{ topic, partition: 0, records: [item.batch.recordAt(item.index)] }]);
      await this.finish([item]);
    }
  }

  pump(): void {
    const nowMs = this.clock.monotonicMs();
    for (const item of this.items) if (item.state === 'held' && item.dueMs <= nowMs) void this.fail(item, 0);
    for (const consumer of this.consumers) consumer.feed((max) => this.take(consumer, max, nowMs));
    this.cancelAlarm();
    const dues = this.items.map((item) => (item.state === 'held' ? item.dueMs : item.readyAtMs));
    const nextMs = Math.min(...dues.filter((due) => due > nowMs));
    if (nextMs < Infinity) this.cancelAlarm = this.clock.after(nextMs - nowMs, () => this.pump());
  }

  private take(consumer: Consumer, max: number, nowMs: number): Delivery[] {
    const { type, maxUnacked, ackTimeoutMs } = this.options;
    if ((type === 'exclusive' || type === 'failover') && consumer !== this.consumers[0]) return [];
    let room = Math.min(max, maxUnacked - this.items.filter((item) => item.holder === consumer).length);
    const deliveries: Delivery[] = [];
    for (const [index, item] of this.items.entries()) {
      if (room <= 0) break;
      if (item.state !== 'ready' || item.readyAtMs > nowMs) continue;
      const earlier = this.items
        .slice(0, index)
        .filter((other) => other.state !== 'done' && this.mustWait(item, other));
      // Whoever holds an earlier one of its order gets it too; while an earlier one waits for its time, it waits.
      if (earlier.some((other) => other.state === 'ready' || other.holder !== consumer)) continue;
      if (type === 'key_shared' && earlier.length === 0 && this.preferred(item) !== consumer) continue;
      Object.assign(item, { state: 'held', holder: consumer, attempt: item.attempt + 1, dueMs: nowMs + ackTimeoutMs });
      deliveries.push(deliveryOf(item));
      room--;
    }
    return deliveries;
  }

  private mustWait(item: Item, earlier: Item): boolean {
    if (this.options.type === 'shared' || !isSameLane(item.at, earlier.at)) return false;
    return this.options.type !== 'key_shared' || item.key === earlier.key;
  }

  private preferred({ key }: Item): Consumer {
    const sum = [...key].reduce((total, letter) => total + letter.charCodeAt(0), 0);
    return this.consumers[sum % this.consumers.length];
  }

  private async follow(from: LanePosition): Promise<void> {
    const start = { topic: from.topic, partition: from.partition, after: from.position, epoch: from.epoch };
    try {
      for await (const batch of this.log.tail(start, { signal: this.abort.signal })) {
        for (let index = 0; index < batch.count; index++) {
          const at = { ...from, position: batch.positions.at(index) };
          const fresh = { attempt: 0, failures: 0, state: 'ready', holder: undefined, readyAtMs: 0, dueMs: 0 } as const;
          this.items.push({ batch, index, key: batch.routingKeyAt(index), at, ...fresh });
        }
        this.pump();
      }
    } catch {
      // Topic gone or position lost: nothing more comes from this lane.
    }
  }
}

class Consumer implements QueueConsumer {
  private readonly receivers: { max: number; resolve: (deliveries: readonly Delivery[]) => void }[] = [];
  private isClosed = false;

  constructor(private readonly subscription: Subscription) {}

  receive(max: number, signal?: AbortSignal): Promise<readonly Delivery[]> {
    if (this.isClosed || signal?.aborted) return Promise.resolve([]);
    return new Promise((resolve) => {
      const receiver = { max, resolve };
      this.receivers.push(receiver);
      signal?.addEventListener('abort', () => {
        if (this.receivers.includes(receiver)) this.receivers.splice(this.receivers.indexOf(receiver), 1);
        resolve([]);
      });
      this.subscription.pump();
    });
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    await this.subscription.finish(deliveries.map((delivery) => this.subscription.find(delivery)));
  }

  async ackCumulative({ at }: Delivery): Promise<void> {
    const { type } = this.subscription.options;
    if (type === 'shared' || type === 'key_shared') {
      throw invalidRequest([{ path: 'type', rule: `${type} has no cumulative acknowledgement` }]);
    }
    await this.subscription.finish(
      this.subscription.items.filter((item) => isSameLane(item.at, at) && item.at.position <= at.position),
    );
  }

  async nack(deliveries: readonly Delivery[], delayMs = 0): Promise<void> {
    for (const delivery of deliveries) {
      const item = this.subscription.find(delivery);
      if (item?.holder === this) await this.subscription.fail(item, delayMs);
    }
    this.subscription.pump();
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.end();
    const { consumers, items } = this.subscription;
    consumers.splice(consumers.indexOf(this), 1);
    for (const item of items) if (item.holder === this) giveBack(item);
    this.subscription.pump();
  }

  end(): void {
    this.isClosed = true;
    for (const { resolve } of this.receivers.splice(0)) resolve([]);
  }

  feed(take: (max: number) => Delivery[]): void {
    const [receiver] = this.receivers;
    if (receiver === undefined) return;
    const deliveries = take(receiver.max);
    if (deliveries.length === 0) return;
    this.receivers.shift();
    receiver.resolve(deliveries);
  }
}

const isSameLane = (a: LanePosition, b: LanePosition) => a.topic === b.topic && a.partition === b.partition;

function giveBack(item: Item): void {
  item.state = 'ready';
  item.holder = undefined;
  item.readyAtMs = 0;
}

function deliveryOf({ batch, index, at, attempt }: Item): Delivery {
  return { event: batch.recordAt(index), batch, index, at, attempt };
}
