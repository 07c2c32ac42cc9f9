import { DistributionError } from '../errors/distribution-error.js';
import type { EventRecord } from '../event.js';
import { decodeEventBatch, encodeEventBatch, listedPositions } from '../event-batch.js';
import { type Lane, type LaneName, laneName } from '../lane.js';
import type {
  CompetingEvents,
  CompetingMembership,
  CompetingOptions,
  CompetingSource,
} from '../ports/competing-subscriptions.port.js';
import type { LanePlace } from '../ports/lane-groups.port.js';
import { BEFORE_FIRST, type LanePosition, type Position } from '../position.js';
import type { InMemoryLog } from './in-memory-log.js';

interface Given {
  readonly record: EventRecord;
  readonly position: Position;
  readonly appendedMicros: number;
  redeliveries: number;
  holder: Member | undefined;
}

interface LaneOfIt {
  readonly lane: Lane;
  /** Of the last event that was read. */
  read: Position;
  /** Not acknowledged, by position. */
  readonly open: Map<Position, Given>;
}

interface Member {
  readonly topics: readonly string[];
  readonly events: CompetingEvents;
}

interface Subscription {
  readonly type: CompetingOptions['type'];
  readonly lanes: Map<LaneName, LaneOfIt>;
  readonly members: Member[];
}

const READ_BYTES = 1_000_000;

/**
 * Spreads the events of a log over its members in turn, or by routing key, whenever `flow` is called. What a member has
 * not acknowledged when it leaves goes to others.
 */
export class InMemoryCompetingSource implements CompetingSource {
  private readonly subscriptions = new Map<string, Subscription>();
  private turns = 0;

  constructor(private readonly log: InMemoryLog) {}

  get names(): readonly string[] {
    return [...this.subscriptions.keys()];
  }

  async join(name: string, options: CompetingOptions, events: CompetingEvents): Promise<CompetingMembership> {
    const made: Subscription = { type: options.type, lanes: new Map(), members: [] };
    const subscription = this.subscriptions.get(name) ?? made;
    this.subscriptions.set(name, subscription);
    for (const topic of options.topics) await this.makeLanes(subscription, topic, options);
    const member: Member = { topics: options.topics, events };
    subscription.members.push(member);
    return {
      ack: async (lane: LanePlace, positions: readonly Position[]) => {
        for (const position of positions) subscription.lanes.get(laneName(lane))?.open.delete(position);
      },
      positions: async () =>
        [...subscription.lanes.values()]
          .filter(({ lane }) => options.topics.includes(lane.topic))
          .map((lane) => ({ ...lane.lane, position: lowWater(lane) })),
      leave: async () => this.leave(subscription, member),
    };
  }

  async delete(name: string): Promise<void> {
    this.subscriptions.delete(name);
  }

  async forget(name: string, topics: readonly string[]): Promise<void> {
    const subscription = this.subscriptions.get(name);
    const isReceived = subscription?.members.some((member) => member.topics.some((topic) => topics.includes(topic)));
    if (isReceived === true) throw new DistributionError('subscription.taken', `${name} is received`);
    for (const [lane, { lane: of }] of subscription?.lanes ?? []) {
      if (topics.includes(of.topic)) subscription?.lanes.delete(lane);
    }
  }

  /** Gives out what nobody has. */
  async flow(): Promise<void> {
    for (const { type, lanes, members } of this.subscriptions.values()) {
      for (const lane of lanes.values()) {
        await this.read(lane);
        const there = members.filter(({ topics }) => topics.includes(lane.lane.topic));
        for (const given of lane.open.values()) {
          if (given.holder !== undefined || there.length === 0) continue;
          given.holder = type === 'shared' ? there[this.turns++ % there.length] : byKey(lane, given, there);
          const bytes = encodeEventBatch([given.record], given.appendedMicros);
          const batch = decodeEventBatch(lane.lane, listedPositions([given.position]), bytes);
          given.holder.events.onBatch(batch, [given.redeliveries]);
        }
      }
    }
  }

  private async makeLanes(subscription: Subscription, topic: string, { start, from = [] }: CompetingOptions) {
    for (const { lane, last } of await this.log.ends(topic)) {
      if (subscription.lanes.has(laneName(lane))) continue;
      const named = from.find((at) => at.topic === topic && at.partition === lane.partition);
      const begin = start === 'earliest' ? BEFORE_FIRST : last;
      const read = named === undefined ? begin : named.epoch === lane.epoch ? named.position : BEFORE_FIRST;
      subscription.lanes.set(laneName(lane), { lane, read, open: new Map() });
    }
  }

  private leave({ lanes, members }: Subscription, member: Member): void {
    members.splice(members.indexOf(member), 1);
    for (const { open } of lanes.values()) {
      for (const given of open.values()) {
        if (given.holder !== member) continue;
        given.holder = undefined;
        given.redeliveries++;
      }
    }
  }

  private async read(lane: LaneOfIt): Promise<void> {
    const { topic, partition } = lane.lane;
    for (const batch of await this.log.read({ topic, partition, after: lane.read }, READ_BYTES)) {
      for (let index = 0; index < batch.count; index++) {
        const position = batch.positions.at(index);
        if (position <= lane.read) continue;
        const { appendedMicros } = batch;
        const record = batch.recordAt(index);
        lane.open.set(position, { record, position, appendedMicros, redeliveries: 0, holder: undefined });
      }
      lane.read = batch.lastPosition;
    }
  }
}

/** A key stays with the member that has something of it. */
function byKey({ open }: LaneOfIt, { record }: Given, members: readonly Member[]): Member {
  const { routingKey } = record;
  const holding = [...open.values()].find((given) => given.record.routingKey === routingKey && given.holder);
  const hash = [...routingKey].reduce((sum, character) => sum + character.charCodeAt(0), 0);
  return holding?.holder ?? members[hash % members.length];
}

function lowWater({ read, open }: LaneOfIt): LanePosition['position'] {
  const [first] = open.keys();
  // Any position that is below: of the one before, only that it is.
  return first === undefined ? read : BEFORE_FIRST;
}
