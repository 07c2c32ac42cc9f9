import type { LaneInterval } from './interval-figures.js';

/** A row of `distribution_stats`: one topic in the interval that ends at `atMicros`, as one process distributed it. */
export interface TopicRow {
  readonly atMicros: number;
  readonly topic: string;
  readonly messages: number;
  readonly bytes: number;
  readonly latencyMs: number | undefined;
  readonly errors: number;
  readonly subscriptions: number;
}

/** A row of `distribution_metrics_ts`: one lane in that interval. */
export interface LaneRow extends LaneStanding {
  readonly atMicros: number;
  readonly topic: string;
  readonly partition: number;
  readonly throughputPerSecond: number;
  readonly latencyP50Ms: number | undefined;
  readonly latencyP99Ms: number | undefined;
  /** Of all deliveries that should have been, those that failed: 0 to 1. */
  readonly errorRate: number;
  readonly consumers: number;
}

/** What the fan-out does not know of a lane; undefined where nobody does. */
export interface LaneStanding {
  /** Events that are not delivered yet. */
  readonly backlog?: number;
  readonly producers?: number;
}

/** A row of `message_delivery_log`. */
export interface DeliveryRow {
  readonly atMicros: number;
  readonly messageId: string;
  readonly topic: string;
  readonly partition: number | undefined;
  readonly offset: number | undefined;
  readonly latencyMs: number | undefined;
  readonly retries: number;
  readonly status: 'delivered' | 'failed' | 'retrying';
  readonly error: string | undefined;
}

export function laneRow(lane: LaneInterval, atMicros: number, seconds: number, standing: LaneStanding): LaneRow {
  const { topic, partition, deliveries, failures, latencyP50Ms, latencyP99Ms } = lane;
  const all = deliveries + failures;
  return {
    ...standing,
    atMicros,
    topic,
    partition,
    throughputPerSecond: deliveries / seconds,
    latencyP50Ms,
    latencyP99Ms,
    errorRate: all === 0 ? 0 : failures / all,
    consumers: sumOf(lane.subscribers),
  };
}

/** The lanes of one interval by topic. A subscription that was written to in several lanes is one. */
export function topicRows(lanes: readonly LaneInterval[], atMicros: number): readonly TopicRow[] {
  const byTopic = new Map<string, LaneInterval[]>();
  for (const lane of lanes) {
    const known = byTopic.get(lane.topic);
    if (known === undefined) byTopic.set(lane.topic, [lane]);
    else known.push(lane);
  }
  return [...byTopic].map(([topic, own]) => topicRow(topic, own, atMicros));
}

function topicRow(topic: string, lanes: readonly LaneInterval[], atMicros: number): TopicRow {
  const subscribers = new Map<number, number>();
  let [messages, bytes, errors, timed, latencyMs] = [0, 0, 0, 0, 0];
  for (const lane of lanes) {
    messages += lane.deliveries;
    bytes += lane.bytes;
    errors += lane.failures;
    if (lane.latencyMeanMs !== undefined) {
      timed += lane.deliveries;
      latencyMs += lane.latencyMeanMs * lane.deliveries;
    }
    for (const [feed, members] of lane.subscribers) {
      subscribers.set(feed, Math.max(members, subscribers.get(feed) ?? 0));
    }
  }
  return {
    atMicros,
    topic,
    messages,
    bytes,
    latencyMs: timed === 0 ? undefined : latencyMs / timed,
    errors,
    subscriptions: sumOf(subscribers),
  };
}

function sumOf(counts: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}
