import type { MarketDataEventInput } from '@distributary/contracts';
import type { SharePrice } from './price-history.js';

export const SYNTHETIC_SOURCE = 'synthetic-ticks';

interface Share {
  readonly symbol: string;
  readonly startCents: number;
  cents: number;
  sequence: number;
}

/** A step is at most this part of the price, and it never leaves the half and the double of where it began. */
const MAX_STEP = 0.0005;
const EXCHANGE = 'SYNTH';
const QUOTES_PER_TRADE = 4;

/**
 * Quotes and trades that nobody ever made: a random walk from prices that once were. Every event says so
 * (`metadata.synthetic`, exchange SYNTH). The same random numbers make the same ticks.
 */
export class TickGenerator {
  private readonly shares: readonly Share[];
  private made = 0;

  constructor(
    prices: readonly SharePrice[],
    /** From 0 to 1. */
    private readonly random: () => number,
  ) {
    this.shares = prices.map(({ symbol, price }) => {
      const cents = Math.round(price * 100);
      return { symbol, startCents: cents, cents, sequence: 0 };
    });
  }

  /** One of one share after the other; `timestamp`: ISO 8601. */
  next(timestamp: string): MarketDataEventInput {
    const share = this.shares[this.made % this.shares.length];
    const isTrade = Math.floor(this.made++ / this.shares.length) % (QUOTES_PER_TRADE + 1) === QUOTES_PER_TRADE;
    this.step(share);
    const instrument = {
      symbol: share.symbol,
      exchange: EXCHANGE,
      currency: 'USD',
      asset_class: 'equities' as const,
      timestamp,
      sequence: ++share.sequence,
    };
    const metadata = { source: SYNTHETIC_SOURCE, synthetic: true };
    return isTrade
      ? { data_type: 'TRADE', data: { ...instrument, price: dollars(share.cents), volume: this.size() }, metadata }
      : {
          data_type: 'QUOTE',
          data: {
            ...instrument,
            bid_price: dollars(share.cents - 1),
            bid_size: this.size(),
            ask_price: dollars(share.cents + 1),
            ask_size: this.size(),
          },
          metadata,
        };
  }

  private step(share: Share): void {
    const widest = Math.max(1, share.startCents * MAX_STEP);
    const moved = share.cents + Math.round((this.random() * 2 - 1) * widest);
    share.cents = Math.min(share.startCents * 2, Math.max(share.startCents / 2, moved));
  }

  private size(): number {
    return 100 * (1 + Math.floor(this.random() * 10));
  }
}

/** Cents as an exact decimal text. */
const dollars = (cents: number): string => (Math.round(cents) / 100).toFixed(2);
