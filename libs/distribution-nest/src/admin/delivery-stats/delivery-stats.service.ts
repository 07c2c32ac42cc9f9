import type { DeliveryStatsView } from '@distributary/contracts';
import {
  type Clock,
  DEFAULT_TENANT,
  type FanOut,
  isPermitted,
  type PerformanceStatistics,
  type Principal,
  requirePermission,
  type TopicDirectory,
  WINDOWS,
} from '@distributary/distribution-core';
import { isoTime } from '../../doors/json-messages.js';

export interface DeliveryStatsDependencies {
  readonly fanOut: FanOut;
  readonly directory: TopicDirectory;
  readonly statistics: PerformanceStatistics;
  readonly sessionCount: () => number;
  readonly clock: Clock;
}

/** What this process delivers at present, in one answer. */
export class DeliveryStatsService {
  constructor(private readonly deps: DeliveryStatsDependencies) {}

  /** `auth.forbidden` without the permission to read. */
  of(principal: Principal): DeliveryStatsView {
    requirePermission(principal, 'read');
    const { fanOut, directory, statistics, sessionCount, clock } = this.deps;
    const { tenant } = principal;
    const lanes = fanOut.laneStates().filter(({ topic }) => topic.tenant === tenant);
    const members = [...fanOut.subscriptionStates()].filter((member) => member.tenant === tenant);
    const isOperator = tenant === DEFAULT_TENANT && isPermitted(principal, 'manage');
    return {
      subscriptions: members.length,
      behind: members.filter(({ state }) => state === 'behind').length,
      slow: members.filter(({ isSlow }) => isSlow).length,
      feeds: new Set(members.map(({ feed }) => feed)).size,
      topics: directory.list().filter((topic) => topic.tenant === tenant).length,
      lanes: lanes.length,
      segment_bytes: lanes.reduce((sum, { segments }) => sum + segments.bytes, 0),
      ...(isOperator && { sessions: sessionCount() }),
      windows: WINDOWS.map((window) => {
        const figures = statistics.tenant(tenant, window);
        return {
          window_s: Math.round(figures.windowMs / 1000),
          events: figures.events,
          events_per_second: figures.eventsPerSecond,
          deliveries: figures.deliveries,
          deliveries_per_second: figures.deliveriesPerSecond,
          ...(figures.latencyMs !== undefined && { latency_ms: { ...figures.latencyMs } }),
        };
      }),
      generated_at: isoTime(clock.nowMicros()),
    };
  }
}
