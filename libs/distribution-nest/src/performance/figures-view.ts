import type { WindowFiguresView } from '@distributary/contracts';
import type { WindowFigures } from '@distributary/distribution-core';

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

/** As the REST interface says it. */
export function figuresView(figures: WindowFigures): WindowFiguresView {
  const { latencyMs, deliveryRatio, errorRate } = figures;
  return {
    window_ms: figures.windowMs,
    covered_ms: Math.round(figures.coveredMs),
    events: figures.events,
    events_per_second: rounded(figures.eventsPerSecond),
    bytes_per_second: Math.round(figures.bytesPerSecond),
    deliveries: figures.deliveries,
    deliveries_per_second: rounded(figures.deliveriesPerSecond),
    failed: figures.failed,
    dropped: figures.dropped,
    delivery_ratio: deliveryRatio ?? null,
    error_rate: errorRate ?? null,
    latency_ms: latencyMs ?? null,
  };
}

export interface Ranked<Item> {
  /** The busiest first. */
  readonly top: readonly Item[];
  readonly rest: readonly Item[];
}

const volumeOf = ({ events, deliveries }: Pick<WindowFigures, 'events' | 'deliveries'>): number => events + deliveries;

/** By volume in the window, then by name. */
export function busiest<Item extends WindowFigures>(
  items: readonly Item[],
  limit: number,
  nameOf: (item: Item) => string,
): Ranked<Item> {
  const sorted = [...items].sort((a, b) => volumeOf(b) - volumeOf(a) || (nameOf(a) < nameOf(b) ? -1 : 1));
  return { top: sorted.slice(0, limit), rest: sorted.slice(limit) };
}
