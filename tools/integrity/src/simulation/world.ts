import type { LaneEnds, StreamSessionLimits } from '@distributary/distribution-core';
import { DEFAULT_STREAM_SESSION_LIMITS } from '@distributary/distribution-core';
import {
  InMemoryCursorStore,
  InMemorySubscriptionStore,
  InMemoryTopicCatalog,
} from '@distributary/distribution-core/testing';
import type { SeededRandom } from '../seeded-random.js';
import { ExternalProducer } from './external-producer.js';
import { Gateway, type GatewaySurroundings } from './gateway.js';
import { InOrderClient } from './in-order-client.js';
import type { Mutation } from './mutation.js';
import { Producer } from './producer.js';
import { randomOf } from './random-streams.js';
import type { Schedule } from './schedule.js';
import { SharingClient } from './sharing-client.js';
import { SimulatedBroker } from './simulated-broker.js';
import type { SimulatedClient } from './simulated-client.js';
import { WatchedCursors } from './simulated-stores.js';
import { ProcessClock, SimulatedTime } from './simulated-time.js';
import { isShared, SimulatedSubscription } from './subscription-plan.js';
import { EXTERNAL_TOPIC, KEEPS_ALL, ROUTED_TOPIC, SHORT_TOPIC, TOPICS } from './topics.js';

/**
 * Shorter than by default, so that a schedule of some seconds meets all of them; only acknowledgements are gathered
 * longer, so that there are some to be lost.
 */
const SESSIONS: StreamSessionLimits = {
  ...DEFAULT_STREAM_SESSION_LIMITS,
  ownershipTermMs: 3_000,
  ackFlushMs: 400,
  ackTimeoutMs: 4_000,
  redelivery: { firstMs: 50, maxMs: 1_000 },
};
const DEDUPE_WINDOW_MS = 120_000;
const BEGIN_WITHIN_MS = 20_000;

/** Everything that a schedule happens to: servers, gateways, producers, clients. */
export class World {
  readonly time = new SimulatedTime();
  readonly broker: SimulatedBroker;
  readonly cursors: WatchedCursors;
  readonly subscriptions: readonly SimulatedSubscription[];
  readonly clients: readonly SimulatedClient[];
  readonly producers: ReadonlyMap<string, Producer | ExternalProducer>;
  readonly violations: string[] = [];
  readonly gateways: (Gateway | undefined)[];
  private readonly catalog: InMemoryTopicCatalog;
  private readonly around: GatewaySurroundings;
  /** Of the wall clock of each gateway's machine: a restart does not set it right. */
  private readonly skewsMs: number[] = [];
  private lives = 0;

  constructor(
    readonly schedule: Schedule,
    mutation?: Mutation,
  ) {
    const clock = new ProcessClock(this.time);
    this.broker = new SimulatedBroker(clock, mutation);
    this.catalog = new InMemoryTopicCatalog({ clock });
    const cursors = new InMemoryCursorStore({ clock });
    this.cursors = new WatchedCursors(cursors, mutation);
    this.around = {
      time: this.time,
      broker: this.broker,
      stores: { cursors: this.cursors, subscriptions: new InMemorySubscriptionStore(cursors), catalog: this.catalog },
      tuning: {
        segmentBytes: schedule.segmentBytes,
        rewindMs: schedule.rewindMs,
        lingerMs: 3_000,
        dropOldestKeeps: 3,
        dedupeWindowMs: DEDUPE_WINDOW_MS,
        sessions: SESSIONS,
      },
      mutation,
      onViolation: (text) => this.violations.push(text),
    };
    this.subscriptions = schedule.plans.map(
      (plan) => new SimulatedSubscription(plan, (lane, epoch) => this.broker.epochsBefore(lane, epoch)),
    );
    this.clients = this.subscriptions.flatMap((subscription) =>
      Array.from({ length: subscription.plan.clients }, (_, index) => {
        const around = this.partOf(`${subscription.plan.name}-${index}`);
        return isShared(subscription.plan)
          ? new SharingClient(subscription, around)
          : new InOrderClient(subscription, around);
      }),
    );
    this.producers = new Map(TOPICS.map(({ name }) => [name, this.producerOf(name)]));
    this.gateways = Array.from({ length: schedule.gateways }, () => undefined);
  }

  /** Until everybody receives, without any fault. */
  async begin(): Promise<void> {
    for (const topic of TOPICS) {
      await this.catalog.create(topic);
      await this.broker.topics.createTopic(topic.brokerName, topic.partitions, KEEPS_ALL);
    }
    this.gateways.forEach((_, index) => this.startGateway(index));
    const areReady = () => this.gateways.every((gateway) => gateway?.isReady);
    if (!(await this.time.run(BEGIN_WITHIN_MS, areReady))) this.violations.push('the gateways did not start');
    for (const client of this.clients) client.goOnline();
    const isServed = () => this.subscriptions.every((subscription) => this.clientsOf(subscription).some(isLive));
    if (!(await this.time.run(BEGIN_WITHIN_MS, isServed))) this.violations.push('not everybody was served at first');
    // A router begins with what comes after it has first looked.
    await this.time.run(1_000);
  }

  startGateway(index: number): void {
    if (this.gateways[index] !== undefined) return;
    const name = `gateway-${index}-${++this.lives}`;
    const gateway = new Gateway(name, randomOf(this.schedule.seed, name), this.around);
    gateway.clock.skewMs = this.skewsMs[index] ?? 0;
    this.gateways[index] = gateway;
  }

  setSkew(index: number, skewMs: number): void {
    this.skewsMs[index] = skewMs;
    const gateway = this.gateways[index];
    if (gateway !== undefined) gateway.clock.skewMs = skewMs;
  }

  endsOf(topic: string): Promise<readonly LaneEnds[]> {
    return this.broker.topics.ends(topic);
  }

  /** Nothing that the broker has of the topic is kept. */
  async expire(): Promise<void> {
    if ((await this.catalog.find(SHORT_TOPIC)) === undefined) return;
    await this.broker.topics.setRetention(SHORT_TOPIC, { ms: 1, bytes: 0 });
    await this.broker.topics.ends(SHORT_TOPIC);
    await this.broker.topics.setRetention(SHORT_TOPIC, KEEPS_ALL);
  }

  async deleteTopic(): Promise<void> {
    if ((await this.catalog.find(SHORT_TOPIC)) === undefined) return;
    await this.catalog.delete(SHORT_TOPIC);
    await this.broker.topics.deleteTopic(SHORT_TOPIC).catch(() => undefined);
  }

  async createTopic(): Promise<void> {
    if ((await this.catalog.find(SHORT_TOPIC)) !== undefined) return;
    const topic = TOPICS.find(({ name }) => name === SHORT_TOPIC) as (typeof TOPICS)[number];
    // A process that did not know yet may have made it again.
    await this.broker.topics.deleteTopic(SHORT_TOPIC).catch(() => undefined);
    await this.catalog.create(topic);
    await this.broker.topics.createTopic(topic.brokerName, topic.partitions, KEEPS_ALL);
  }

  clientsOf(subscription: SimulatedSubscription): readonly SimulatedClient[] {
    return this.clients.filter((client) => client.isOf(subscription));
  }

  /** What one part draws changes nothing for the others. */
  private partOf(name: string) {
    const random = randomOf(this.schedule.seed, name);
    return { time: this.time, random, pickGateway: () => this.pickGateway(random) };
  }

  private pickGateway(random: SeededRandom): Gateway | undefined {
    const ready = this.gateways.filter((gateway) => gateway?.isReady === true);
    return ready[Math.floor(random.next() * ready.length)];
  }

  private producerOf(topic: string): Producer | ExternalProducer {
    const { time, broker } = this;
    const target = topic === EXTERNAL_TOPIC ? ROUTED_TOPIC : topic;
    const subscriptions = this.subscriptions.filter(({ plan }) => plan.topics.includes(target));
    if (topic === EXTERNAL_TOPIC) return new ExternalProducer(topic, { time, broker, subscriptions });
    return new Producer(topic, {
      ...this.partOf(topic),
      broker,
      subscriptions,
      onViolation: (text) => this.violations.push(text),
    });
  }
}

const isLive = (client: SimulatedClient): boolean => client.isLive;
