import type { SubscriptionAnalyticsView, SubscriptionHealthView } from '@distributary/contracts';
import { type SubscriptionHealth, type SubscriptionStatus, unqualified } from '@distributary/distribution-core';
import { isoTime } from '../../doors/json-messages.js';

export function subscriptionHealthView(health: SubscriptionHealth): SubscriptionHealthView {
  const { subscription, reader, problems, lagEvents, lastAckMicros } = health;
  return {
    subscription_id: unqualified(subscription.subscriptionId),
    health: healthOf(subscription.status, problems.length > 0),
    problems: problems.map(({ kind, detail, sinceMicros }) => ({ kind, detail, since: isoTime(sinceMicros) })),
    generation: health.generation,
    is_owned: health.isOwned,
    ...(reader !== undefined && {
      is_slow: reader.isSlow,
      is_behind: reader.isBehind,
      slow_periods: reader.slowPeriods,
      redeliveries: reader.redeliveries,
      sent_events: reader.sentEvents,
    }),
    ...(lastAckMicros !== undefined && { last_ack_at: isoTime(lastAckMicros) }),
    lag_events: lagEvents,
    lag_exact: health.isLagExact,
    lag_ms: health.lagMs,
    lanes: health.lanes.map(({ topic, partition, epoch, position, last, events, isExact, oldestMicros }) => ({
      topic: unqualified(topic),
      partition,
      epoch,
      position,
      last_position: last,
      lag_events: events,
      lag_exact: isExact,
      lag_ms: oldestMicros === undefined ? 0 : Math.max(0, Math.round((health.nowMicros - oldestMicros) / 1000)),
    })),
    generated_at: isoTime(health.nowMicros),
  };
}

function healthOf(status: SubscriptionStatus, hasProblems: boolean): SubscriptionHealthView['health'] {
  if (status === 'paused' || status === 'stopped') return 'paused';
  return hasProblems || status === 'error' ? 'unhealthy' : 'healthy';
}

/** What one window of a subscription's deliveries holds; from the figures of the feed that serves it. */
export interface DeliveryFigures {
  readonly windowMs: number;
  readonly deliveries: number;
  readonly deliveriesPerSecond: number;
  readonly latencyMs:
    { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number } | undefined;
}

export interface SubscriptionAnalytics {
  readonly windows: readonly DeliveryFigures[];
  /** Share of the events of its lanes that it selects, since it is received. */
  readonly selectivity: number | undefined;
  readonly redeliveries: number;
}

export function subscriptionAnalyticsView(
  name: string,
  { windows, selectivity, redeliveries }: SubscriptionAnalytics,
  nowMicros: number,
): SubscriptionAnalyticsView {
  return {
    subscription_id: name,
    windows: windows.map(({ windowMs, deliveries, deliveriesPerSecond, latencyMs }) => ({
      window_s: Math.round(windowMs / 1000),
      events: deliveries,
      events_per_second: deliveriesPerSecond,
      ...(latencyMs !== undefined && { latency_ms: { ...latencyMs } }),
    })),
    ...(selectivity !== undefined && { selectivity }),
    redeliveries,
    generated_at: isoTime(nowMicros),
  };
}
