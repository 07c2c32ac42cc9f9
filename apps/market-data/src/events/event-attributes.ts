import {
  type AssetClass,
  type Decimal,
  type MarketDataDistribution,
  middleOf,
  nearestNumber,
} from '@distributary/contracts';
import {
  type Attributes,
  type AttributeValue,
  presentAttributes,
  TARGETS_ATTRIBUTE,
  targetsText,
} from '@distributary/distribution-core';

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
export function attributesOf(event: MarketDataDistribution, parts: AttributeParts): Attributes {
  const { data, routing } = event;
  return presentAttributes({
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
  });
}

function figuresOf(event: MarketDataDistribution): Record<string, AttributeValue | undefined> {
  switch (event.data_type) {
    case 'TRADE':
      return { price: nearestNumber(event.data.price), volume: event.data.volume };
    case 'QUOTE':
      return {
        price: quotedPrice(event.data.bid_price, event.data.ask_price),
        volume: quotedVolume(event.data.bid_size, event.data.ask_size),
      };
    case 'BAR': {
      const { close, volume, interval } = event.data;
      return { price: nearestNumber(close), volume, interval };
    }
    case 'STATUS':
      return { status: event.data.status };
  }
}

/** The middle of both sides, or the one that there is. */
export function quotedPrice(bid: Decimal | undefined, ask: Decimal | undefined): number | undefined {
  if (bid === undefined) return ask === undefined ? undefined : nearestNumber(ask);
  return ask === undefined ? nearestNumber(bid) : middleOf(bid, ask);
}

/** What can be had of either side at least. */
export function quotedVolume(bid: number | undefined, ask: number | undefined): number | undefined {
  if (bid === undefined) return ask;
  return ask === undefined ? bid : Math.min(bid, ask);
}
