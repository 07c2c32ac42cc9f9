import { statsQuerySchema, WINDOW_NAMES, type WindowFiguresView } from '@distributary/contracts';
import {
  type Clock,
  DEFAULT_TENANT,
  DistributionError,
  type FanOut,
  isPermitted,
  type PerformanceStatistics,
  type Principal,
  qualifyTopic,
  requirePermission,
  type SubscriptionState,
  type TopicDirectory,
  unqualified,
  type WindowFigures,
  type WindowName,
} from '@distributary/distribution-core';
import { parseWith } from '../doors/stream-commands.js';
import { isoTime } from '../doors/json-messages.js';
import { busiest, figuresView } from './figures-view.js';
import type { ResourceMonitor } from './resource-monitor.js';

export interface PerformanceDependencies {
  readonly statistics: PerformanceStatistics;
  readonly fanOut: Pick<FanOut, 'subscriptionStates' | 'feedStatistics'>;
  readonly directory: Pick<TopicDirectory, 'find'>;
  readonly resources: ResourceMonitor;
  /** What a gauge of the process shows; 0 if there is none of that name. */
  readonly gauge: (name: string) => Promise<number>;
  readonly clock: Clock;
}

type Windows = Readonly<Record<WindowName, WindowFiguresView>>;

/** Throughput, latency, losses and resources, as far as they are the caller's tenant's. Needs the verb `read`. */
export class PerformanceService {
  constructor(private readonly deps: PerformanceDependencies) {}

  async performance(principal: Principal) {
    requirePermission(principal, 'read');
    const { statistics } = this.deps;
    // Whoever runs the service is of the default tenant, and sees all of it.
    const isOperator = principal.tenant === DEFAULT_TENANT;
    const windows = windowsOf((window) =>
      isOperator ? statistics.process(window) : statistics.tenant(principal.tenant, window),
    );
    return { generated_at: this.now(), windows, ...(isOperator ? { resources: await this.resources() } : {}) };
  }

  /** `topic.not_found` if the tenant has no such topic. */
  topic(principal: Principal, name: string) {
    requirePermission(principal, 'read', name);
    const qualified = qualifyTopic(principal.tenant, name);
    if (this.deps.directory.find(qualified) === undefined) {
      throw new DistributionError('topic.not_found', `topic ${name} not found`);
    }
    const windows = windowsOf((window) => this.deps.statistics.topic(qualified, window));
    return { topic: name, generated_at: this.now(), windows };
  }

  topics(principal: Principal, query: unknown) {
    return this.list(principal, query, (window) => {
      const topics = this.deps.statistics.topics(window).filter(({ tenant, name }) => mayRead(principal, tenant, name));
      return topics.map((figures) => ({ figures, named: { topic: unqualified(figures.name) } }));
    });
  }

  lanes(principal: Principal, query: unknown) {
    return this.list(principal, query, (window) => {
      const lanes = this.deps.statistics
        .lanesOf(window)
        .filter(({ tenant, topic }) => mayRead(principal, tenant, topic));
      return lanes.map((figures) => ({
        figures,
        named: { topic: unqualified(figures.topic), partition: figures.partition },
      }));
    });
  }

  /** All of them for whoever may manage the default tenant, else only the caller's own. */
  tenants(principal: Principal, query: unknown) {
    return this.list(principal, query, (window) => {
      if (principal.tenant === DEFAULT_TENANT) requirePermission(principal, 'manage');
      return this.deps.statistics
        .tenants(window)
        .filter(({ name }) => principal.tenant === DEFAULT_TENANT || name === principal.tenant)
        .map((figures) => ({ figures, named: { tenant: figures.name } }));
    });
  }

  subscriptions(principal: Principal, query: unknown) {
    requirePermission(principal, 'read');
    const { window, limit } = parseWith(statsQuerySchema, query);
    const { fanOut, statistics } = this.deps;
    const own: SubscriptionState[] = [];
    for (const state of fanOut.subscriptionStates()) if (state.tenant === principal.tenant) own.push(state);
    own.sort((a, b) => (b.lagEvents ?? Infinity) - (a.lagEvents ?? Infinity) || b.sentEvents - a.sentEvents);
    const feeds = new Map(fanOut.feedStatistics().map((feed) => [feed.feed, feed]));
    const items = own.slice(0, limit).map((state) => {
      const feed = feeds.get(state.feed);
      const {
        events: _events,
        events_per_second: _rate,
        bytes_per_second: _bytes,
        ...figures
      } = perMember(figuresView(statistics.feed(state.feed, window)), feed?.members ?? 1);
      return {
        subscription_id: unqualified(state.subscriptionId),
        feed: state.feed,
        state: state.state as 'behind' | 'live' | 'paused',
        is_slow: state.isSlow,
        sent: state.sentEvents,
        lag_events: state.lagEvents ?? null,
        unconfirmed_bytes: state.unconfirmedBytes,
        examined: feed?.examined ?? 0,
        matched: feed?.matched ?? 0,
        ...figures,
      };
    });
    return { generated_at: this.now(), items, others: own.length - items.length };
  }

  private list<Named extends object>(
    principal: Principal,
    query: unknown,
    rowsOf: (window: WindowName) => readonly { readonly figures: WindowFigures; readonly named: Named }[],
  ) {
    requirePermission(principal, 'read');
    const { window, limit } = parseWith(statsQuerySchema, query);
    const rows = rowsOf(window).map(({ figures, named }) => ({ ...figures, named }));
    const { top, rest } = busiest(rows, limit, ({ named }) => JSON.stringify(named));
    const items = top.map((row) => ({ ...row.named, ...figuresView(row) }));
    return { generated_at: this.now(), items, others: rest.length };
  }

  private async resources() {
    const { resources, gauge, fanOut } = this.deps;
    const read = resources.read();
    const feeds = fanOut.feedStatistics();
    const sum = (part: (feed: (typeof feeds)[number]) => number) =>
      feeds.reduce((total, feed) => total + part(feed), 0);
    return {
      window_ms: Math.round(read.windowMs),
      cpu_utilization: read.cpuUtilization,
      rss_bytes: read.rssBytes,
      heap_used_bytes: read.heapUsedBytes,
      heap_limit_bytes: read.heapLimitBytes,
      event_loop_delay_p99_ms: read.loopDelayP99Ms,
      event_loop_utilization: read.loopUtilization,
      gc_pauses: read.gcPauses,
      gc_pause_ms: read.gcPauseMs,
      gc_longest_pause_ms: read.gcLongestMs,
      segment_bytes: await gauge('fan_out_segment_bytes'),
      ingest_pending_bytes: await gauge('ingest_pending_bytes'),
      feeds: feeds.length,
      subscriptions: sum(({ members }) => members),
      subscriptions_behind: sum(({ behind }) => behind),
      subscriptions_slow: sum(({ slow }) => slow),
    };
  }

  private now(): string {
    return isoTime(this.deps.clock.nowMicros());
  }
}

const mayRead = (principal: Principal, tenant: string, topic: string): boolean =>
  tenant === principal.tenant && isPermitted(principal, 'read', unqualified(topic));

function windowsOf(figures: (window: WindowName) => WindowFigures): Windows {
  return Object.fromEntries(WINDOW_NAMES.map((window) => [window, figuresView(figures(window))])) as Windows;
}

/** A feed's deliveries are those of all its members, who get the same. */
function perMember(view: WindowFiguresView, members: number): WindowFiguresView {
  const share = (value: number) => value / Math.max(1, members);
  return {
    ...view,
    deliveries: Math.round(share(view.deliveries)),
    deliveries_per_second: share(view.deliveries_per_second),
  };
}
