import { Selector } from '../fan-out/selector.js';
import { compileSelection, type EntryMatcher } from '../matching/entry-matcher.js';
import type { Clock } from '../ports/clock.port.js';
import type { CursorStore } from '../ports/cursor-store.port.js';
import type { LaneEnds, Log } from '../ports/log.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { BEFORE_FIRST, type LanePosition, type Position } from '../position.js';
import type { LiveReaders, ReaderReport } from './live-readers.js';
import type { SelectionPlaces } from './selection-places.js';
import type { DurableSubscription } from './subscription.js';

export interface LaneLag extends LanePosition {
  readonly last: Position;
  /** Selected and not acknowledged. */
  readonly events: number;
  /** Whether that is all of them; else there are more, further than was looked. */
  readonly isExact: boolean;
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
  readonly lagEvents: number;
  readonly isLagExact: boolean;
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

const READ_BYTES = 256 * 1024;
/** Of one lane, for one answer. */
const MAX_EVENTS_SCANNED = 20_000;

/**
 * How a subscription does: asked of the broker and the store when somebody
 * wants to know, nothing is counted meanwhile.
 */
export class SubscriptionHealthCheck {
  private readonly limits: HealthLimits;
  private readonly selector = new Selector();

  constructor(private readonly deps: SubscriptionHealthDependencies) {
    this.limits = { ...DEFAULT_HEALTH_LIMITS, ...deps.limits };
  }

  async of(subscription: DurableSubscription): Promise<SubscriptionHealth> {
    const { cursors, places, live, clock } = this.deps;
    const { subscriptionId } = subscription;
    const [standing, stored] = await Promise.all([cursors.standing(subscriptionId), cursors.load(subscriptionId)]);
    const matcher = compileSelection(subscription);
    const lanes: LaneLag[] = [];
    // One after another: a look at a lane may read a great deal.
    for (const topic of places.topicsOf(subscription)) lanes.push(...(await this.lagsOf(topic, stored, matcher)));
    const nowMicros = clock.nowMicros();
    const oldest = Math.min(...lanes.map(({ oldestMicros }) => oldestMicros ?? nowMicros), nowMicros);
    const found = {
      subscription,
      generation: standing.generation,
      isOwned: standing.ownerId !== undefined,
      lastAckMicros: standing.generation === 0 ? undefined : standing.storedAtMicros,
      lanes,
      lagMs: Math.round((nowMicros - oldest) / 1000),
      lagEvents: lanes.reduce((sum, { events }) => sum + events, 0),
      isLagExact: lanes.every(({ isExact }) => isExact),
      reader: live.find(subscriptionId)?.report(),
      nowMicros,
    };
    return { ...found, problems: subscription.status !== 'active' ? [] : this.problemsOf(found, oldest) };
  }

  private async lagsOf(
    topic: TopicDefinition,
    stored: readonly LanePosition[],
    matcher: EntryMatcher,
  ): Promise<LaneLag[]> {
    const lags: LaneLag[] = [];
    for (const lane of await this.deps.log.ends(topic.brokerName)) {
      const { partition, epoch } = lane.lane;
      const known = stored.find((at) => at.topic === topic.name && at.partition === partition && at.epoch === epoch);
      const position = known?.position ?? BEFORE_FIRST;
      const after = position < lane.beforeFirst ? lane.beforeFirst : position;
      const waiting = await this.waitingIn(topic, lane, after, matcher);
      lags.push({ topic: topic.name, partition, epoch, position, last: lane.last, ...waiting });
    }
    return lags;
  }

  /** Looks no further than it may: a lane may hold millions of events of which none is selected. */
  private async waitingIn(
    topic: TopicDefinition,
    { lane, last }: LaneEnds,
    after: Position,
    matcher: EntryMatcher,
  ): Promise<Pick<LaneLag, 'events' | 'isExact' | 'oldestMicros'>> {
    let at = after;
    let events = 0;
    let oldestMicros: number | undefined;
    for (let scanned = 0; at < last && scanned < MAX_EVENTS_SCANNED;) {
      const start = { topic: topic.brokerName, partition: lane.partition, after: at, epoch: lane.epoch };
      const batches = await this.deps.log.read(start, READ_BYTES);
      if (batches.length === 0) break;
      for (const batch of batches) {
        const found = this.selector.indexes(matcher, topic.name, batch, undefined, at, last).length;
        if (found > 0) oldestMicros ??= batch.appendedMicros;
        events += found;
        scanned += batch.count;
        at = batch.lastPosition;
      }
    }
    return { events, isExact: at >= last, oldestMicros };
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
    // Stores are written to for other reasons, too: the reader knows better.
    const storedMsAgo = (nowMicros - (lastAckMicros ?? oldestMicros)) / 1000;
    const ackedMsAgo = reader === undefined ? storedMsAgo : (reader.sinceAckMs ?? Number.POSITIVE_INFINITY);
    const waits = Math.min((nowMicros - oldestMicros) / 1000, ackedMsAgo);
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
