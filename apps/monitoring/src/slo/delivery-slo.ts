import type { SloState } from '@distributary/contracts';

/** Deliveries to subscribers in the last `windowMs`, as measured by this process. */
export interface DeliveryWindow {
  readonly delivered: number;
  readonly failed: number;
  readonly p99Ms: number;
  readonly windowMs: number;
}

export interface SloStatus {
  readonly sloName: string;
  readonly metricName: string;
  readonly state: SloState;
  /** Undefined if there was nothing to measure. */
  readonly value: number | undefined;
  readonly objective: number;
  readonly unit: string;
  readonly windowMs: number;
  readonly sampleCount: number;
  readonly burnRate?: number;
  readonly budgetRemaining?: number;
}

export interface Objectives {
  readonly p99Ms: number;
  /** Share of deliveries that succeed. */
  readonly success: number;
}

/** From the service's specification. */
export const DEFAULT_OBJECTIVES: Objectives = { p99Ms: 20, success: 0.9999 };

/** From this share of the limit on it is worth a look. */
const AT_RISK_SHARE = 0.8;

/** The objective is `p99 < limit`: the limit itself is a violation. */
export function latencyStatus(window: DeliveryWindow, { p99Ms: objective }: Objectives): SloStatus {
  const row = { sloName: 'delivery-latency', metricName: 'delivery.latency_p99_ms', objective, unit: 'ms' };
  const measured = { ...row, windowMs: window.windowMs, sampleCount: window.delivered };
  if (window.delivered === 0) return { ...measured, state: 'no_data', value: undefined };
  const { p99Ms: value } = window;
  const state = value >= objective ? 'violated' : value >= AT_RISK_SHARE * objective ? 'at_risk' : 'compliant';
  return { ...measured, state, value };
}

/**
 * The window says how fast the error budget is being used, the period how much of it is left. Violated means that the
 * period's budget is gone; at risk, that the window alone uses it faster than it is earned.
 */
export function successStatus(window: DeliveryWindow, period: DeliveryCount, { success }: Objectives): SloStatus {
  const attempts = window.delivered + window.failed;
  const row = { sloName: 'delivery-success', metricName: 'delivery.success_ratio', objective: success, unit: 'ratio' };
  const measured = { ...row, windowMs: window.windowMs, sampleCount: attempts };
  if (attempts === 0) return { ...measured, state: 'no_data', value: undefined };
  const allowedShare = 1 - success;
  const burnRate = window.failed / attempts / allowedShare;
  const budgetRemaining = 1 - period.failed / ((period.delivered + period.failed) * allowedShare);
  const state = budgetRemaining < 0 ? 'violated' : burnRate > 1 ? 'at_risk' : 'compliant';
  return { ...measured, state, value: window.delivered / attempts, burnRate, budgetRemaining };
}

export type DeliveryCount = Pick<DeliveryWindow, 'delivered' | 'failed'>;

/** Deliveries of the last period, from windows that do not overlap. Bounded by period / shortest window. */
export class DeliveryPeriod {
  private readonly windows: { readonly atMs: number; readonly count: DeliveryCount }[] = [];

  constructor(private readonly periodMs = 3_600_000) {}

  /** Takes the window if the one before lies wholly before it; says what the period held, this window included. */
  add(window: DeliveryWindow, nowMs: number): DeliveryCount {
    const last = this.windows.at(-1);
    const total = { delivered: 0, failed: 0 };
    const isNew = last === undefined || nowMs - last.atMs >= window.windowMs;
    if (isNew) this.windows.push({ atMs: nowMs, count: window });
    while (this.windows[0].atMs <= nowMs - this.periodMs) this.windows.shift();
    for (const { count } of this.windows) {
      total.delivered += count.delivered;
      total.failed += count.failed;
    }
    // Between two windows the newest figures are better than none: never less than the window at hand.
    return { delivered: Math.max(total.delivered, window.delivered), failed: Math.max(total.failed, window.failed) };
  }
}
