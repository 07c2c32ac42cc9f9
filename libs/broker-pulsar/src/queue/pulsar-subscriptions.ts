import type {
  CompetingEvents,
  CompetingMembership,
  CompetingOptions,
  CompetingSource,
  Lane,
  LaneName,
  LanePosition,
} from '@distributary/distribution-core';
import { DistributionError, laneName } from '@distributary/distribution-core';
import { connectionLost, hasStatus } from '../pulsar.errors.js';
import { placeOf, positionAt } from '../records/message-position.js';
import type { PulsarTopic } from '../topics/pulsar-topic.js';
import { LaneConsumer, type LaneConsumerParts } from './lane-consumer.js';

const MAX_WINDOW = 1_000;
const LEAST_WINDOW = 10;
/** Where a new subscription begins, as Pulsar's admin API has it; unless it is told, with the latest. */
const EARLIEST = { ledgerId: -1, entryId: -1 } as const;
const FOUND_THERE = 409;
const NOT_FOUND = 404;
/** It has consumers, or is being made or moved. */
const BUSY = 412;
/** Until members have heard that a subscription is deleted. */
const LEAVE_MS = 5_000;
/** Until Pulsar has noticed that sockets were closed. */
const CLOSED_MS = 2_000;
const LOOK_MS = 200;

interface CursorStats {
  readonly cursors: Readonly<Record<string, { readonly markDeletePosition: string } | undefined>>;
}

/** Spreads single events by the subscription types of Pulsar itself, `Shared` and `Key_Shared`. */
export class PulsarSubscriptions implements CompetingSource {
  constructor(private readonly parts: LaneConsumerParts) {}

  async join(name: string, options: CompetingOptions, events: CompetingEvents): Promise<CompetingMembership> {
    const { directory, retrying, timeoutMs } = this.parts;
    const subscription = this.parts.names.subscription(name);
    const consumers = new Map<LaneName, LaneConsumer>();
    const lanes: Lane[] = [];
    const window = Math.min(Math.max(2 * options.maxUnacked, LEAST_WINDOW), MAX_WINDOW);
    for (const name of options.topics) {
      const topic = await retrying.within(timeoutMs, () => directory.topic(name, 0));
      await retrying.within(timeoutMs, () => this.make(topic, subscription, options));
      for (const lane of lanesOf(topic)) {
        const place = { lane, subscription, type: options.type, window };
        consumers.set(laneName(lane), new LaneConsumer(place, this.parts, events));
        lanes.push(lane);
      }
    }
    const leave = async () => {
      await Promise.all([...consumers.values()].map((consumer) => consumer.close()));
    };
    try {
      await Promise.all([...consumers.values()].map((consumer) => consumer.start()));
    } catch (error) {
      await leave();
      throw error;
    }
    return {
      ack: async (lane, positions) => consumers.get(laneName(lane))?.ack(positions),
      positions: async () => (await Promise.all(lanes.map((lane) => this.positionIn(lane, subscription)))).flat(),
      leave,
    };
  }

  async delete(name: string): Promise<void> {
    const { web, names, retrying, timeoutMs } = this.parts;
    const subscription = names.subscription(name);
    const path = `persistent/${names.space}/partitioned`;
    const listed = (await retrying.within(timeoutMs, () => web.ask({ method: 'GET', path }))) as readonly string[];
    const topics = listed.map((each) => names.ourName(each));
    const received = await this.removeWithin(LEAVE_MS, topics, subscription);
    await Promise.all(received.map((topic) => this.remove(topic, subscription, true)));
  }

  async forget(name: string, topics: readonly string[]): Promise<void> {
    const received = await this.removeWithin(CLOSED_MS, topics, this.parts.names.subscription(name));
    if (received.length === 0) return;
    throw new DistributionError('subscription.taken', `${name} is received`, { retryAfterMs: LEAVE_MS });
  }

  /** The topics on which somebody still receives it then. */
  private async removeWithin(
    limitMs: number,
    topics: readonly string[],
    subscription: string,
  ): Promise<readonly string[]> {
    const { clock, retrying } = this.parts;
    const endMs = clock.monotonicMs() + limitMs;
    for (let left = topics; ;) {
      const isRemoved = await Promise.all(left.map((topic) => this.remove(topic, subscription, false)));
      left = left.filter((_, index) => !isRemoved[index]);
      if (left.length === 0 || clock.monotonicMs() >= endMs) return left;
      await retrying.wait(LOOK_MS);
    }
  }

  /** False if somebody receives it who is not to be cut off. */
  private async remove(topic: string, subscription: string, isForced: boolean): Promise<boolean> {
    const { web, names, retrying, timeoutMs } = this.parts;
    const path = `${names.topic(topic)}/subscription/${subscription}?force=${isForced}`;
    try {
      await retrying.within(timeoutMs, () => web.ask({ method: 'DELETE', path }));
      return true;
    } catch (error) {
      if (hasStatus(error, NOT_FOUND)) return true;
      if (hasStatus(error, BUSY)) return false;
      throw error;
    }
  }

  /** There already: then it goes on where it was. */
  private async make(topic: PulsarTopic, subscription: string, { start, from = [] }: CompetingOptions): Promise<void> {
    const { names } = this.parts;
    const named = from.filter((at) => at.topic === topic.name);
    if (named.length === 0) return this.makeAt(names.topic(topic.name), subscription, BEGINNINGS[start]);
    await Promise.all(
      lanesOf(topic).map((lane) => {
        const at = named.find(({ partition }) => partition === lane.partition);
        const beginning = at === undefined ? BEGINNINGS[start] : behind(at, lane);
        return this.makeAt(names.lane(topic.name, lane.partition), subscription, beginning);
      }),
    );
  }

  private async makeAt(place: string, subscription: string, body: object | undefined): Promise<void> {
    try {
      await this.parts.web.ask({ method: 'PUT', path: `${place}/subscription/${subscription}`, body });
    } catch (error) {
      if (hasStatus(error, FOUND_THERE)) return;
      // Others are making it at this moment: what they have made is found there by the next attempt.
      throw hasStatus(error, BUSY) ? connectionLost(`make the subscription ${subscription}`, error) : error;
    }
  }

  private async positionIn({ topic, partition, epoch }: Lane, subscription: string): Promise<readonly LanePosition[]> {
    const { web, names, retrying, timeoutMs } = this.parts;
    const path = `${names.lane(topic, partition)}/internalStats`;
    const { cursors } = (await retrying.within(timeoutMs, () => web.ask({ method: 'GET', path }))) as CursorStats;
    const [ledger, entry] = (cursors[subscription]?.markDeletePosition ?? '').split(':').map(Number);
    return entry === undefined ? [] : [{ topic, partition, epoch, position: positionAt(ledger, entry) }];
  }
}

/** Unless it is told, Pulsar begins with what comes next. */
const BEGINNINGS = { earliest: EARLIEST, latest: undefined } as const;

const lanesOf = ({ name, partitions, epoch }: PulsarTopic): Lane[] =>
  Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition, epoch }));

/** The next entry, which need not be there yet; of an entry into which several were packed, all of them come again. */
function behind({ epoch, position }: LanePosition, lane: Lane): object {
  const place = epoch === lane.epoch ? placeOf(position, 'from') : undefined;
  if (place === undefined) return EARLIEST;
  const entryId = place.batchIndex < 0 ? place.entry + 1 : place.entry;
  return { ledgerId: place.ledger, entryId, partitionIndex: lane.partition };
}
