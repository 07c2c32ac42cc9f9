import type { Clock } from '../../ports/clock.port.js';
import type { IdSource } from '../../ports/id-source.port.js';
import type { LaneGroups } from '../../ports/lane-groups.port.js';
import type { Log } from '../../ports/log.port.js';
import type { Gauge, Metrics } from '../../ports/metrics.port.js';
import type { TopicDefinition } from '../../ports/topic-catalog.port.js';
import type { EventRouter } from '../rules/event-router.js';
import type { ExternalPayloads } from './external-payloads.js';
import {
  DEFAULT_ROUTER_LIMITS,
  type RoutedLane,
  type RouterCounters,
  RouterLane,
  type RouterLimits,
} from './router-lane.js';
import { GroupRights } from './group-rights.js';
import type { LaneRights } from './lane-right.js';
import type { RightStore } from '../../duties/stored-right.js';
import { StoredRights } from './stored-rights.js';

export interface TopicRouterDependencies {
  readonly log: Log;
  readonly topics: { list(): readonly TopicDefinition[] };
  readonly router: EventRouter;
  readonly ownership: RightStore;
  /** With it, lanes are shared by the broker's own groups, and `ownership` is not asked. */
  readonly groups?: LaneGroups;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
  /** Absent: all payloads are JSON. */
  readonly payloads?: Pick<ExternalPayloads, 'recordsOf'>;
  readonly limits?: Partial<RouterLimits>;
  readonly onError: (error: unknown) => void;
}

const REFRESH_MS = 500;

/**
 * Routes external topics: those that others write, and that therefore cannot be routed at ingest. Each lane that a rule
 * looks at is owned by one process at a time; the processes compete for the lanes, and inherit them from one another.
 * A topic that no rule looks at any more is forgotten: the next rule begins with what comes then.
 */
export class TopicRouter {
  private readonly lanes = new Map<string, RouterLane>();
  private readonly limits: RouterLimits;
  private readonly counters: RouterCounters;
  private readonly laneGauge: Gauge;
  private readonly rights: LaneRights;
  private refreshing: Promise<void> = Promise.resolve();
  private isStopped = false;
  private cancel: () => void = () => undefined;

  constructor(private readonly deps: TopicRouterDependencies) {
    const { metrics } = deps;
    this.limits = { ...DEFAULT_ROUTER_LIMITS, ...deps.limits };
    const { groups, clock, ownership } = deps;
    const { termMs } = this.limits;
    this.rights =
      groups === undefined
        ? new StoredRights({ ownership, clock, ownerId: deps.ids.uuid(), termMs })
        : new GroupRights(groups, clock);
    this.laneGauge = metrics.gauge('router_lanes', 'Lanes of external topics that this process routes or waits for');
    this.counters = {
      events: metrics.counter('router_events_total', 'Events of external topics that were held against the rules'),
      copies: metrics.counter('router_copies_total', 'Copies of them that rules sent to other topics'),
      refused: metrics.counter('router_refused_total', 'Events of external topics that a rule refused'),
      gaps: metrics.counter('router_gaps_total', 'Times that retention was faster than a router'),
    };
  }

  start(): void {
    this.schedule();
    this.refresh();
  }

  /** Takes up and leaves lanes as topics and rules want it now. */
  refresh(): void {
    if (this.isStopped) return;
    this.refreshing = this.refreshing.then(() => this.follow()).catch(this.deps.onError);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancel();
    await this.refreshing;
    await Promise.all([...this.lanes.values()].map((lane) => lane.stop()));
    this.lanes.clear();
    await this.rights.close();
  }

  /** The last one to leave forgets for all. */
  private async forget(group: string): Promise<void> {
    await this.rights.leave(group);
    await this.deps.log.deleteGroup(group).catch((error: unknown) => {
      if (this.deps.groups === undefined) throw error;
    });
  }

  private async follow(): Promise<void> {
    if (this.isStopped) return;
    const wanted = this.wanted();
    const left = [...this.lanes].filter(([name, { lane }]) => wanted.get(name)?.catalogVersion !== lane.catalogVersion);
    this.takeUp(wanted);
    await Promise.all(
      left.map(async ([name, lane]) => {
        await lane.stop();
        this.lanes.delete(name);
      }),
    );
    // Those of topics that were registered anew: nothing is routed by the old definition any more.
    this.takeUp(wanted);
    this.laneGauge.set(this.lanes.size);
    const groups = new Set([...wanted.values()].map(({ group }) => group));
    for (const group of new Set(left.map(([, { lane }]) => lane.group))) {
      if (!groups.has(group)) await this.forget(group);
    }
  }

  private takeUp(wanted: ReadonlyMap<string, RoutedLane>): void {
    for (const [name, lane] of wanted) {
      if (this.lanes.has(name)) continue;
      const { deps, limits, counters, rights } = this;
      this.lanes.set(name, new RouterLane(lane, { ...deps, limits, counters, rights }));
    }
  }

  private wanted(): Map<string, RoutedLane> {
    const lanes = new Map<string, RoutedLane>();
    for (const definition of this.deps.topics.list()) {
      const { name, origin, enabled, catalogVersion, brokerName, partitions, tenant, dataType, payload } = definition;
      if (origin !== 'external' || !enabled || !this.deps.router.concerns(name)) continue;
      const encoded = payload === undefined ? undefined : { topic: name, tenant, dataType, payload };
      for (let partition = 0; partition < partitions; partition++) {
        lanes.set(`${name}#${partition}`, {
          topic: name,
          catalogVersion,
          brokerName,
          partition,
          group: `router/${brokerName}`,
          encoded,
        });
      }
    }
    return lanes;
  }

  private schedule(): void {
    this.cancel = this.deps.clock.after(REFRESH_MS, () => {
      this.refresh();
      if (!this.isStopped) this.schedule();
    });
  }
}
