import { type Lane, type LaneName, laneName } from '../../lane.js';
import type { EntryMatcher } from '../../matching/entry-matcher.js';
import type {
  CompetingMembership,
  CompetingOptions,
  CompetingSource,
} from '../../ports/competing-subscriptions.port.js';
import type { LanePosition } from '../../position.js';
import type { QueueSubscription } from './queue-subscription.js';
import { SourceLane } from './source-lane.js';

export interface SourceLanesOptions {
  /** What the broker calls the subscription. */
  readonly name: string;
  readonly source: CompetingSource;
  readonly type: CompetingOptions['type'];
  readonly maxUnacked: number;
  /** Picks the events that are delivered; without it all are. */
  readonly matcher: EntryMatcher | undefined;
  /** The broker does not have it any more. */
  readonly onGone?: () => void;
}

/** A topic of the subscription, as the broker and as its events call it. */
export interface SourceTopic {
  readonly name: string;
  readonly brokerName: string;
}

interface Joined {
  readonly topic: SourceTopic;
  readonly lanes: Map<LaneName, SourceLane>;
  /** What comes before it is there is acknowledged when it is. */
  readonly membership: Promise<CompetingMembership>;
}

/** What the broker spreads over processes, as lanes of this process's engine: a member of the subscription on each topic. */
export class SourceLanes {
  /** By the broker's name. */
  private readonly joined = new Map<string, Joined>();
  private engine: QueueSubscription | undefined;

  constructor(private readonly options: SourceLanesOptions) {}

  /** Before anything is joined. */
  connect(engine: QueueSubscription): void {
    this.engine = engine;
  }

  /** Failure: as of {@link CompetingSource.join}; then it is a member of none of these. */
  async join(topics: readonly SourceTopic[], start: Pick<CompetingOptions, 'start' | 'from'>): Promise<void> {
    const settled = await Promise.allSettled(topics.map((topic) => this.joinOne(topic, start)));
    const refused = settled.find((one) => one.status === 'rejected');
    if (refused === undefined) return;
    await this.part(topics);
    throw refused.reason;
  }

  /** What is held of these topics is given back. */
  async part(topics: readonly SourceTopic[]): Promise<void> {
    await Promise.all(
      topics.map(async ({ brokerName }) => {
        const joined = this.joined.get(brokerName);
        if (joined === undefined) return;
        this.joined.delete(brokerName);
        await this.engine?.drop([...joined.lanes.values()].map(({ lane }) => lane));
        await leave(joined);
      }),
    );
  }

  /** Up to where everything is acknowledged, in the names of the events. */
  async positions(): Promise<readonly LanePosition[]> {
    const all = [...this.joined.values()].map(async ({ topic, membership }) => {
      const positions = await (await membership).positions();
      return positions.map((position) => ({ ...position, topic: topic.name }));
    });
    return (await Promise.all(all)).flat();
  }

  /** Never rejects. */
  async leave(): Promise<void> {
    const joined = [...this.joined.values()];
    this.joined.clear();
    await Promise.all(joined.map(leave));
  }

  private async joinOne(topic: SourceTopic, start: Pick<CompetingOptions, 'start' | 'from'>): Promise<void> {
    const { name, source, type, maxUnacked } = this.options;
    const lanes = new Map<LaneName, SourceLane>();
    const membership = source.join(
      name,
      { topics: [topic.brokerName], type, maxUnacked, ...start },
      {
        onBatch: (batch, redeliveries) => {
          this.laneOf(joined, batch.lane).put(batch, redeliveries);
          this.engine?.dispatch();
        },
        onLost: (lane) => lanes.get(laneName(lane))?.dropReady(),
        onGone: () => this.options.onGone?.(),
      },
    );
    const joined: Joined = { topic, lanes, membership };
    this.joined.set(topic.brokerName, joined);
    await membership;
  }

  private laneOf(joined: Joined, lane: Lane): SourceLane {
    const { topic, lanes } = joined;
    const known = lanes.get(laneName(lane));
    if (known !== undefined && known.lane.epoch === lane.epoch) return known;
    const found = new SourceLane({
      lane: { ...lane, topic: topic.name },
      matcher: this.options.matcher,
      ack: async (positions) => (await joined.membership).ack(lane, positions),
    });
    lanes.set(laneName(lane), found);
    this.engine?.addLane(found);
    return found;
  }
}

/** One that was never a member has nothing to leave. */
async function leave({ membership }: Joined): Promise<void> {
  await (await membership.catch(() => undefined))?.leave();
}
