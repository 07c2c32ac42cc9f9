import type { DailyDelivery } from '../delivery/statistics/daily-delivery.js';

export interface DailyDeliveryQuery {
  readonly tenant: string;
  /** The catalog's name; absent: every topic of the tenant. */
  readonly topic?: string;
  /** `2026-11-21`, both included. */
  readonly from: string;
  readonly to: string;
  readonly limit: number;
}

/** A kept day, and since when there are figures of its topic. */
export interface KeptDelivery extends DailyDelivery {
  readonly firstDay: string;
}

/**
 * What was delivered of each topic and day, for as long as it is kept.
 *
 * Atomicity: `add` is all or nothing. It adds counts and joins served minutes, so any number of processes may add to one
 * row, and a restart goes on where it was. Repeating an `add` whose outcome is unknown may count twice.
 * Failure: `store.unavailable`. Calls may overlap.
 */
export interface DailyDeliveryStore {
  add(rows: readonly DailyDelivery[]): Promise<void>;
  /** By topic, then day. */
  find(query: DailyDeliveryQuery): Promise<readonly KeptDelivery[]>;
  /** Returns how many rows went. */
  deleteBefore(day: string): Promise<number>;
}
