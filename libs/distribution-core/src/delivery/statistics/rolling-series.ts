import { addLatencies, LATENCY_BUCKETS, latencyBucket, latencyPercentile } from './latency-sketch.js';

export const WINDOWS = ['1m', '5m', '1h'] as const;
export type WindowName = (typeof WINDOWS)[number];

const FINE_SLOT_MS = 10_000;
const FINE_SLOTS = 30;
const COARSE_SLOT_MS = 60_000;
const COARSE_SLOTS = 60;

/** Slots of the ring that make up the window, the present one included. */
const PARTS: Readonly<Record<WindowName, { readonly isFine: boolean; readonly slots: number; readonly ms: number }>> = {
  '1m': { isFine: true, slots: 6, ms: 60_000 },
  '5m': { isFine: true, slots: FINE_SLOTS, ms: 300_000 },
  '1h': { isFine: false, slots: COARSE_SLOTS, ms: 3_600_000 },
};

/** What happened in a stretch of time. Latencies are weighted by deliveries. */
export interface Tally {
  /** Events that came in, and their bytes. */
  events: number;
  bytes: number;
  /** Events written to subscriptions, times subscriptions. */
  deliveries: number;
  /** Announced as missing without the subscriber's wish. */
  failed: number;
  /** Left out because the subscriber's slow policy says so. */
  dropped: number;
  /** Made with the first latency. */
  latencies: Uint32Array | Float64Array | undefined;
}

interface Slot extends Tally {
  /** The number of the slot since the clock's start; another one is stale. */
  at: number;
}

class Ring {
  private readonly slots: (Slot | undefined)[];

  constructor(
    private readonly slotMs: number,
    count: number,
  ) {
    this.slots = new Array<undefined>(count);
  }

  present(nowMs: number): Slot {
    const at = Math.floor(nowMs / this.slotMs);
    const place = at % this.slots.length;
    const slot = this.slots[place];
    if (slot === undefined) return (this.slots[place] = { at, ...emptyTally() });
    if (slot.at !== at) {
      slot.at = at;
      clear(slot);
    }
    return slot;
  }

  sumInto(total: Tally, nowMs: number, slots: number): void {
    const newest = Math.floor(nowMs / this.slotMs);
    for (const slot of this.slots) if (slot !== undefined && slot.at > newest - slots) addTally(total, slot);
  }
}

/**
 * One series over the last hour, in slots of ten seconds and of a minute. Adding is a few sums; what nobody adds to
 * takes no memory. Bounded: 90 slots, at most 0.5 KiB of latencies each.
 */
export class RollingSeries {
  private readonly fine = new Ring(FINE_SLOT_MS, FINE_SLOTS);
  private readonly coarse = new Ring(COARSE_SLOT_MS, COARSE_SLOTS);
  /** When something was added last; monotonic. */
  touchedMs: number;

  constructor(nowMs: number) {
    this.touchedMs = nowMs;
  }

  arrived(nowMs: number, events: number, bytes: number): void {
    this.touchedMs = nowMs;
    for (const slot of [this.fine.present(nowMs), this.coarse.present(nowMs)]) {
      slot.events += events;
      slot.bytes += bytes;
    }
  }

  delivered(nowMs: number, latencyMs: number, deliveries: number): void {
    this.touchedMs = nowMs;
    const bucket = latencyBucket(latencyMs);
    for (const slot of [this.fine.present(nowMs), this.coarse.present(nowMs)]) {
      slot.deliveries += deliveries;
      slot.latencies ??= new Uint32Array(LATENCY_BUCKETS);
      slot.latencies[bucket] += deliveries;
    }
  }

  /** Deliveries without a latency. */
  replayed(nowMs: number, deliveries: number): void {
    this.touchedMs = nowMs;
    this.fine.present(nowMs).deliveries += deliveries;
    this.coarse.present(nowMs).deliveries += deliveries;
  }

  lost(nowMs: number, deliveries: number, isWished: boolean): void {
    this.touchedMs = nowMs;
    for (const slot of [this.fine.present(nowMs), this.coarse.present(nowMs)]) {
      if (isWished) slot.dropped += deliveries;
      else slot.failed += deliveries;
    }
  }

  /** Adds what the window holds to `total`. */
  sumInto(total: Tally, window: WindowName, nowMs: number): void {
    const { isFine, slots } = PARTS[window];
    (isFine ? this.fine : this.coarse).sumInto(total, nowMs, slots);
  }
}

export function emptyTally(): Tally {
  return { events: 0, bytes: 0, deliveries: 0, failed: 0, dropped: 0, latencies: undefined };
}

export function addTally(total: Tally, part: Readonly<Tally>): void {
  total.events += part.events;
  total.bytes += part.bytes;
  total.deliveries += part.deliveries;
  total.failed += part.failed;
  total.dropped += part.dropped;
  if (part.latencies === undefined) return;
  total.latencies ??= new Float64Array(LATENCY_BUCKETS);
  addLatencies(total.latencies, part.latencies);
}

function clear(tally: Tally): void {
  tally.events = tally.bytes = tally.deliveries = tally.failed = tally.dropped = 0;
  tally.latencies?.fill(0);
}

/** Figures of one window. Rates are per second of the time that was watched; ratios are from 0 to 1. */
export interface WindowFigures {
  readonly windowMs: number;
  /** What the figures are of: less than the window by the part of a slot, and while the process is young. */
  readonly coveredMs: number;
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly deliveries: number;
  readonly deliveriesPerSecond: number;
  readonly failed: number;
  readonly dropped: number;
  /** Of what was due; undefined if nothing was. */
  readonly deliveryRatio: number | undefined;
  readonly errorRate: number | undefined;
  /** From taken by the broker to written to the last socket; undefined without deliveries. */
  readonly latencyMs:
    { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number } | undefined;
}

export function figuresOf(tally: Readonly<Tally>, window: WindowName, nowMs: number, watchedMs: number): WindowFigures {
  const { ms: windowMs, slots, isFine } = PARTS[window];
  const slotMs = isFine ? FINE_SLOT_MS : COARSE_SLOT_MS;
  // The present slot is not full yet.
  const coveredMs = Math.max(1, Math.min((slots - 1) * slotMs + (nowMs % slotMs), watchedMs));
  const perSecond = (count: number) => (count * 1000) / coveredMs;
  const due = tally.deliveries + tally.failed;
  const { latencies } = tally;
  const at = (share: number) => latencyPercentile(latencies as Float64Array, share) ?? 0;
  return {
    windowMs,
    coveredMs,
    events: tally.events,
    eventsPerSecond: perSecond(tally.events),
    bytesPerSecond: perSecond(tally.bytes),
    deliveries: tally.deliveries,
    deliveriesPerSecond: perSecond(tally.deliveries),
    failed: tally.failed,
    dropped: tally.dropped,
    deliveryRatio: due === 0 ? undefined : tally.deliveries / due,
    errorRate: due === 0 ? undefined : tally.failed / due,
    latencyMs:
      latencies === undefined || latencyPercentile(latencies, 1) === undefined
        ? undefined
        : { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) },
  };
}
