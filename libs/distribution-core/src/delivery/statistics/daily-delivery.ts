import { addLatencies, LATENCY_BUCKETS, latencyPercentile } from './latency-sketch.js';

export const MINUTES_A_DAY = 1440;
const DAY_MS = 86_400_000;

/** What was delivered of one topic on one day (UTC). */
export interface DailyDelivery {
  /** The catalog's name. */
  readonly topic: string;
  readonly tenant: string;
  /** `2026-11-21` */
  readonly day: string;
  readonly events: number;
  readonly deliveries: number;
  readonly failed: number;
  readonly dropped: number;
  /** Deliveries by bucket of {@link latencyBucket}. */
  readonly latencies: readonly number[];
  /** Minutes of the day all through which the topic was served, ascending. */
  readonly servedMinutes: readonly number[];
}

/** The two of one topic and day as one. */
export function mergedDelivery(one: DailyDelivery, other: DailyDelivery): DailyDelivery {
  const latencies = [...one.latencies];
  addLatencies(latencies, other.latencies);
  return {
    ...one,
    events: one.events + other.events,
    deliveries: one.deliveries + other.deliveries,
    failed: one.failed + other.failed,
    dropped: one.dropped + other.dropped,
    latencies,
    servedMinutes: [...new Set([...one.servedMinutes, ...other.servedMinutes])].sort((a, b) => a - b),
  };
}

export const noLatencies = (): number[] => new Array<number>(LATENCY_BUCKETS).fill(0);

export interface ServiceLevel {
  readonly deliveryRatio: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Served minutes of those that were due: from the first of the topic on, or the whole day, until now. */
  readonly availability: number | undefined;
  readonly servedMinutes: number;
  readonly dueMinutes: number;
}

/** `isFirstDay`: there is nothing of the topic before. The minute that is going on is not due yet. */
export function serviceLevelOf(row: DailyDelivery, isFirstDay: boolean, nowMicros: number): ServiceLevel {
  const { latencies, deliveries, failed, servedMinutes } = row;
  const firstDue = isFirstDay ? (servedMinutes[0] ?? MINUTES_A_DAY) : 0;
  const elapsed = Math.floor((nowMicros / 1000 - startOfDay(row.day)) / 60_000);
  const dueMinutes = Math.max(0, Math.min(MINUTES_A_DAY, elapsed) - firstDue);
  const served = servedMinutes.filter((minute) => minute < firstDue + dueMinutes).length;
  const due = deliveries + failed;
  return {
    deliveryRatio: due === 0 ? undefined : deliveries / due,
    p50Ms: latencyPercentile(latencies, 0.5),
    p95Ms: latencyPercentile(latencies, 0.95),
    p99Ms: latencyPercentile(latencies, 0.99),
    availability: dueMinutes === 0 ? undefined : served / dueMinutes,
    servedMinutes: served,
    dueMinutes,
  };
}

export const startOfDay = (day: string): number => Date.parse(`${day}T00:00:00Z`);

export const dayOf = (micros: number): string => new Date(Math.floor(micros / 1000)).toISOString().slice(0, 10);

export const minuteOf = (micros: number): number => Math.floor(((micros / 1000) % DAY_MS) / 60_000);

/** `days` later; negative: before. */
export const dayAfter = (day: string, days: number): string => dayOf((startOfDay(day) + days * DAY_MS) * 1000);
