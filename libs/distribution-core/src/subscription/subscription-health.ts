import type { Clock } from '../ports/clock.port.js';
import type { CursorStore } from '../ports/cursor-store.port.js';
import type { LaneEnds, Log } from '../ports/log.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { BEFORE_FIRST, type LanePosition, offsetOfPosition, type Position } from '../position.js';
import type { LiveReaders, ReaderReport } from './live-readers.js';
import type { SelectionPlaces } from './selection-places.js';
import type { DurableSubscription } from './subscription.js';

export interface LaneLag extends LanePosition {
  readonly last: Position;
  /** Of the lane after the position, selected or not; undefined where positions do not count. */
  readonly events: number | undefined;
  /** When the broker took the oldest of them; undefined if there is none. */
  readonly oldestMicros: number | undefined;
}

/** What may be wrong with a subscription that is not paused. */
export type HealthProblemKind = 'lag' | 'slow' | 'no_ack' | 'redelivery';

export interface HealthProblem {
  readonly kind: HealthProblemKind;
  readonly detail: string;
  readonly sinceMicros: number;
}

export interface SubscriptionHealth {
  readonly subscription: DurableSubscription;
  readonly generation: number;
  readonly isOwned: boolean;
  readonly lastAckMicros: number | undefined;
  readonly lanes: readonly LaneLag[];
  /** Of the lane that is furthest behind. */
  readonly lagMs: number;
  readonly lagEvents: number | undefined;
  /** Undefined if nobody receives it in this process. */
  readonly reader: ReaderReport | undefined;
  readonly problems: readonly HealthProblem[];
  readonly nowMicros: number;
}

export interface HealthLimits {
  /** Events wait for this long. */
  readonly lagMs: number;
  /** It is received, events wait, and none was acknowledged for this long. */
  readonly noAckMs: number;
  /** Lanes were sent again this often since it was attached… */
  readonly redeliveries: number;
  /** …and that is this share of the events that were sent. */
  readonly redeliveryShare: number;
}

export const DEFAULT_HEALTH_LIMITS: HealthLimits = {
  lagMs: 60_000,
  noAckMs: 60_000,
  redeliveries: 5,
  redeliveryShare: 0.05,
};

export interface SubscriptionHealthDependencies {
  readonly cursors: CursorStore;
  readonly log: Log;
  readonly places: SelectionPlaces;
  readonly live: LiveReaders;
  readonly clock: Clock;
  readonly limits?: Partial<HealthLimits>;
}

const LOOK_BYTES = 1;

/** How a subscription does: asked of the broker and the store when somebody wants to know, nothing is counted meanwhile. */
export class SubscriptionHealthCheck {
  private readonly limits: HealthLimits;

  constructor(private readonly deps: SubscriptionHealthDependencies) {
    this.limits = { ...DEFAULT_HEALTH_LIMITS, ...deps.limits };
  }

  async of(subscription: DurableSubscription): Promise<SubscriptionHealth> {
    const { cursors, places, live, clock } = this.deps;
    const { subscriptionId } = subscription;
    const [standing, stored] = await Promise.all([cursors.standing(subscriptionId), cursors.load(subscriptionId)]);
    const lags = await Promise.all(places.topicsOf(subscription).map((topic) => this.lagsOf(topic, stored)));
    const lanes = lags.flat();
    const nowMicros = clock.nowMicros();
    const oldest = Math.min(...lanes.map(({ oldestMicros }) => oldestMicros ?? nowMicros), nowMicros);
    const events = lanes.map((lane) => lane.events);
    const found = {
      subscription,
      generation: standing.generation,
      isOwned: standing.ownerId !== undefined,
      lastAckMicros: standing.generation === 0 ? undefined : standing.storedAtMicros,
      lanes,
      lagMs: Math.round((nowMicros - oldest) / 1000),
      lagEvents: events.includes(undefined) ? undefined : events.reduce<number>((sum, each) => sum + (each ?? 0), 0),
      reader: live.find(subscriptionId)?.report(),
      nowMicros,
    };
    return { ...found, problems: subscription.status === 'paused' ? [] : this.problemsOf(found, oldest) };
  }

  private async lagsOf(topic: TopicDefinition, stored: readonly LanePosition[]): Promise<LaneLag[]> {
    const ends = await this.deps.log.ends(topic.brokerName);
    return Promise.all(
      ends.map(async (lane) => {
        const { partition, epoch } = lane.lane;
        const known = stored.find((at) => at.topic === topic.name && at.partition === partition && at.epoch === epoch);
        const position = known?.position ?? BEFORE_FIRST;
        const after = position < lane.beforeFirst ? lane.beforeFirst : position;
        return {
          topic: topic.name,
          partition,
          epoch,
          position,
          last: lane.last,
          events: eventsAfter(after, lane),
          oldestMicros: await this.takenAfter(topic, lane, after),
        };
      }),
    );
  }

  private async takenAfter(
    { brokerName }: TopicDefinition,
    { lane, last }: LaneEnds,
    after: Position,
  ): Promise<number | undefined> {
    if (after >= last) return undefined;
    const [batch] = await this.deps.log.read({ topic: brokerName, partition: lane.partition, after }, LOOK_BYTES);
    return batch?.appendedMicros;
  }

  private problemsOf(found: Omit<SubscriptionHealth, 'problems'>, oldestMicros: number): HealthProblem[] {
    const { lagMs, noAckMs, redeliveries, redeliveryShare } = this.limits;
    const { nowMicros, reader, lastAckMicros } = found;
    const problems: HealthProblem[] = [];
    const add = (kind: HealthProblemKind, detail: string, sinceMicros: number) =>
      problems.push({ kind, detail, sinceMicros });
    if (found.lagMs > lagMs) {
      add('lag', `the oldest event that waits is ${Math.round(found.lagMs / 1000)} s old`, oldestMicros);
    }
    if (reader?.isSlow === true) add('slow', 'its receiver does not keep up', nowMicros);
    const waits = Math.min(nowMicros - oldestMicros, nowMicros - (lastAckMicros ?? oldestMicros)) / 1000;
    if (found.isOwned && found.lagMs > 0 && waits > noAckMs) {
      add('no_ack', `nothing was acknowledged for ${Math.round(waits / 1000)} s`, nowMicros - waits * 1000);
    }
    if (reader !== undefined && reader.redeliveries >= redeliveries) {
      const share = reader.redeliveries / Math.max(1, reader.sentEvents);
      if (share >= redeliveryShare) add('redelivery', `${reader.redeliveries} times events were sent again`, nowMicros);
    }
    return problems;
  }
}

function eventsAfter(after: Position, { last }: LaneEnds): number | undefined {
  const [from, to] = [offsetOfPosition(after), offsetOfPosition(last)];
  return from === undefined || to === undefined ? undefined : Math.max(0, to - from);
}
