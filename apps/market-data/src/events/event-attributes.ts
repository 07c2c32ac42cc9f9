import {
  type AssetClass,
  type MarketDataDistribution,
  middleOf,
  nearestNumber,
  type QuoteData,
} from '@distributary/contracts';
import { type AttributeValue, TARGETS_ATTRIBUTE, targetsText } from '@distributary/distribution-core';

export interface AttributeParts {
  /** Absent of a status that is about no symbol. */
  readonly assetClass: AssetClass | undefined;
  readonly source: string | undefined;
  readonly isLate: boolean;
}

/**
 * What filters and conflation look at without parsing the payload. Prices are the nearest numbers: filters compare numbers,
 * and up to 15 digits they are the prices themselves.
 */
export function attributesOf(event: MarketDataDistribution, parts: AttributeParts): Record<string, AttributeValue> {
  const { data, routing } = event;
  const all: Record<string, AttributeValue | undefined> = {
    data_type: event.data_type,
    symbol: data.symbol,
    exchange: data.exchange,
    currency: data.currency,
    asset_class: parts.assetClass,
    ...figuresOf(event),
    source: parts.source,
    late: parts.isLate ? true : undefined,
    delivery_guarantee: routing?.delivery_guarantee ?? routing?.delivery_mode,
    [TARGETS_ATTRIBUTE]: targetsText(routing?.target_workflows ?? []),
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined),
  );
}

function figuresOf(event: MarketDataDistribution): Record<string, AttributeValue | undefined> {
  switch (event.data_type) {
    case 'TRADE':
      return { price: nearestNumber(event.data.price), volume: event.data.volume };
    case 'QUOTE':
      return { price: quotedPrice(event.data), volume: quotedVolume(event.data) };
    case 'BAR': {
      const { close, volume, interval } = event.data;
      return { price: nearestNumber(close), volume, interval };
    }
    case 'STATUS':
      return { status: event.data.status };
  }
}

/** The middle of both sides, or the one that there is. */
function quotedPrice({ bid_price: bid, ask_price: ask }: QuoteData): number | undefined {
  if (bid === undefined) return ask === undefined ? undefined : nearestNumber(ask);
  return ask === undefined ? nearestNumber(bid) : middleOf(bid, ask);
}

/** What can be had of either side at least. */
function quotedVolume({ bid_size: bid, ask_size: ask }: QuoteData): number | undefined {
  if (bid === undefined) return ask;
  return ask === undefined ? bid : Math.min(bid, ask);
}
