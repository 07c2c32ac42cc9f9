import type { PerformanceStatistics, SubscriptionState, WindowFigures } from '@distributary/distribution-core';
import { unqualified } from '@distributary/distribution-core';
import * as prom from 'prom-client';
import { busiest } from './figures-view.js';
import type { ResourceMonitor } from './resource-monitor.js';

/** Series of one family; the rest is summed up as `other`. Beyond it Prometheus would hold series that nobody looks at. */
export const TOP_SERIES = 20;
const OTHER = 'other';

export interface PerformanceMetricsSources {
  readonly statistics: PerformanceStatistics;
  readonly subscriptions: () => Iterable<SubscriptionState>;
  readonly resources: ResourceMonitor;
}

interface Row {
  readonly labels: Readonly<Record<string, string>>;
  readonly figures: WindowFigures;
}

/** Figures of the last minute as gauges, computed when they are scraped: busiest topics, lanes, tenants, subscriptions. */
export function registerPerformanceMetrics(registry: prom.Registry, sources: PerformanceMetricsSources): void {
  const { statistics, resources, subscriptions } = sources;
  const rows = {
    topic: () =>
      statistics.topics('1m').map((figures): Row => ({
        labels: { tenant: figures.tenant, topic: unqualified(figures.name) },
        figures,
      })),
    lane: () =>
      statistics.lanesOf('1m').map((figures): Row => ({
        labels: { tenant: figures.tenant, topic: unqualified(figures.topic), partition: String(figures.partition) },
        figures,
      })),
    tenant: () => statistics.tenants('1m').map((figures): Row => ({ labels: { tenant: figures.name }, figures })),
  };
  for (const [of, rowsOf] of Object.entries(rows)) registerFamilies(registry, of, rowsOf);

  const gauge = (name: string, help: string, read: () => number) =>
    new prom.Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge('performance_cpu_utilization', 'Of one processor, last minute', () => resources.read().cpuUtilization);
  gauge(
    'performance_event_loop_delay_p99_ms',
    'Worst five seconds of the last minute',
    () => resources.read().loopDelayP99Ms,
  );
  gauge('performance_event_loop_delay_p999_ms', 'Last minute', () => resources.read().loopDelayP999Ms);
  gauge('performance_gc_pause_ms', 'All pauses of the last minute', () => resources.read().gcPauseMs);
  gauge('performance_gc_longest_pause_ms', 'Last minute', () => resources.read().gcLongestMs);
  gauge('performance_worst_lag_events', 'Of the subscription that is furthest behind, as far as it is known', () => {
    let most = 0;
    for (const { lagEvents } of subscriptions()) most = Math.max(most, lagEvents ?? 0);
    return most;
  });
  registerSubscriptions(registry, subscriptions);
}

function registerFamilies(registry: prom.Registry, of: string, rowsOf: () => readonly Row[]): void {
  const families: readonly (readonly [
    name: string,
    help: string,
    read: (figures: WindowFigures) => number | undefined,
  ])[] = [
    ['events_per_second', 'Events that came in', ({ eventsPerSecond }) => eventsPerSecond],
    ['deliveries_per_second', 'Events written, times subscriptions', ({ deliveriesPerSecond }) => deliveriesPerSecond],
    ['latency_p99_ms', 'From taken by the broker to written to the last socket', ({ latencyMs }) => latencyMs?.p99],
    ['delivery_ratio', 'Of what was due; absent if nothing was', ({ deliveryRatio }) => deliveryRatio],
  ];
  const labelNames =
    of === 'tenant' ? ['tenant'] : of === 'topic' ? ['tenant', 'topic'] : ['tenant', 'topic', 'partition'];
  for (const [name, help, read] of families) {
    const isSum = name.endsWith('_per_second');
    new prom.Gauge({
      name: `performance_${of}_${name}`,
      help: `${help}; last minute, the ${TOP_SERIES} busiest`,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        const all = rowsOf().map((row) => ({ ...row.figures, row }));
        const { top, rest } = busiest(all, TOP_SERIES, ({ row }) => Object.values(row.labels).join(' '));
        for (const { row } of top) {
          const value = read(row.figures);
          if (value !== undefined) this.set(row.labels, value);
        }
        if (!isSum || rest.length === 0) return;
        const others = Object.fromEntries(labelNames.map((label) => [label, OTHER]));
        this.set(
          others,
          rest.reduce((sum, { row }) => sum + (read(row.figures) ?? 0), 0),
        );
      },
    });
  }
}

/** By the id that the client chose: those of equal name are one. The ones that were sent most. */
function registerSubscriptions(registry: prom.Registry, subscriptions: () => Iterable<SubscriptionState>): void {
  const families: readonly (readonly [name: string, help: string, read: (state: SubscriptionState) => number])[] = [
    ['sent_events', 'Events since they were attached', ({ sentEvents }) => sentEvents],
    ['lag', 'Events that they are behind, as far as it is known', ({ lagEvents }) => lagEvents ?? 0],
  ];
  for (const [name, help, read] of families) {
    new prom.Gauge({
      name: `performance_subscription_${name}`,
      help: `${help}; the ${TOP_SERIES} with the most`,
      labelNames: ['tenant', 'subscription'],
      registers: [registry],
      collect() {
        this.reset();
        const sums = new Map<string, { tenant: string; subscription: string; value: number }>();
        for (const state of subscriptions()) {
          const subscription = unqualified(state.subscriptionId);
          const key = `${state.tenant}\n${subscription}`;
          const sum = sums.get(key) ?? { tenant: state.tenant, subscription, value: 0 };
          sum.value += read(state);
          sums.set(key, sum);
        }
        const sorted = [...sums.values()].sort((a, b) => b.value - a.value);
        for (const { value, ...labels } of sorted.slice(0, TOP_SERIES)) this.set(labels, value);
        const rest = sorted.slice(TOP_SERIES).reduce((sum, { value }) => sum + value, 0);
        if (rest > 0) this.set({ tenant: OTHER, subscription: OTHER }, rest);
      },
    });
  }
}
