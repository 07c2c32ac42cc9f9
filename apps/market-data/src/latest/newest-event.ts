import type { MarketDataDistributed } from '@distributary/contracts';
import { storedEventOf } from '../events/stored-event.js';
import type { LatestTicks, Tick } from './latest-ticks.js';

export interface NewestEvent {
  readonly tick: Tick;
  readonly event: MarketDataDistributed;
}

/** The newest one that can be read: of what a rule's transformation took parts away, an older one is told. */
export function newestEventOf(
  ticks: LatestTicks,
  tenant: string,
  symbol: string,
  isWanted: (tick: Tick) => boolean = () => true,
): NewestEvent | undefined {
  const unreadable = new Set<Tick>();
  for (;;) {
    const tick = ticks.newestOf(tenant, symbol, (each) => !unreadable.has(each) && isWanted(each));
    if (tick === undefined) return undefined;
    const event = storedEventOf(tick.record.value);
    if (event !== undefined) return { tick, event };
    unreadable.add(tick);
  }
}
