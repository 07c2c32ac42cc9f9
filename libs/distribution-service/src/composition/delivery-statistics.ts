import { build, type Histogram } from 'hdr-histogram-js';
import type { Clock } from '@distributary/distribution-core';

const HIGHEST_MICROS = 60_000_000;
const SLOTS = 6;
const SLOT_MS = 10_000;

interface Slot {
  startedAtMs: number;
  readonly latencyMicros: Histogram;
  delivered: number;
  failed: number;
}

export interface DeliverySummary {
  readonly delivered: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly windowMs: number;
}

/** Measured deliveries of the last minute, in slots of ten seconds. What the service's own SLO is judged by. */
export class DeliveryStatistics {
  private readonly slots: Slot[];
  private current = 0;

  constructor(private readonly clock: Clock) {
    const now = clock.monotonicMs();
    this.slots = Array.from({ length: SLOTS }, () => ({
      startedAtMs: now,
      latencyMicros: build({ highestTrackableValue: HIGHEST_MICROS, numberOfSignificantValueDigits: 2 }),
      delivered: 0,
      failed: 0,
    }));
  }

  delivered(latencyMs: number, deliveries: number): void {
    const slot = this.slot();
    slot.latencyMicros.recordValueWithCount(Math.min(HIGHEST_MICROS, Math.max(1, latencyMs * 1000)), deliveries);
    slot.delivered += deliveries;
  }

  failed(deliveries: number): void {
    this.slot().failed += deliveries;
  }

  summary(): DeliverySummary {
    this.slot();
    const all = build({ highestTrackableValue: HIGHEST_MICROS, numberOfSignificantValueDigits: 2 });
    let delivered = 0;
    let failed = 0;
    for (const slot of this.slots) {
      all.add(slot.latencyMicros);
      delivered += slot.delivered;
      failed += slot.failed;
    }
    const ms = (percentile: number) => (delivered === 0 ? 0 : all.getValueAtPercentile(percentile) / 1000);
    return { delivered, failed, p50Ms: ms(50), p99Ms: ms(99), maxMs: ms(100), windowMs: SLOTS * SLOT_MS };
  }

  private slot(): Slot {
    const now = this.clock.monotonicMs();
    while (now - this.slots[this.current].startedAtMs >= SLOT_MS) {
      const startedAtMs = Math.max(this.slots[this.current].startedAtMs + SLOT_MS, now - SLOTS * SLOT_MS);
      this.current = (this.current + 1) % SLOTS;
      const slot = this.slots[this.current];
      slot.startedAtMs = startedAtMs;
      slot.latencyMicros.reset();
      slot.delivered = 0;
      slot.failed = 0;
    }
    return this.slots[this.current];
  }
}
