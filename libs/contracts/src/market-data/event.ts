import { z } from 'zod';
import { isoTime, serviceName } from '../monitoring/data.js';
import { routingKey, topicPath } from '../monitoring/event.js';
import {
  barDataSchema,
  type NormalizedMarketData,
  quoteDataSchema,
  sourceName,
  statusDataSchema,
  tradeDataSchema,
} from './data.js';
import type { MarketDataType } from './vocabulary.js';

export const DELIVERY_GUARANTEES = ['at_most_once', 'at_least_once', 'exactly_once'] as const;
export type MarketDeliveryGuarantee = (typeof DELIVERY_GUARANTEES)[number];

/** The specification's enumeration is `AT_LEAST_ONCE`, its example `at_least_once`. */
const guarantee = z
  .string()
  .max(16)
  .transform((word) => word.toLowerCase())
  .pipe(z.enum(DELIVERY_GUARANTEES, { error: `must be one of ${DELIVERY_GUARANTEES.join(', ')}` }));

/** Of what a producer may not know (`partition`) nothing is taken. */
export const marketRoutingSchema = z
  .object({
    /** Default: the topic of the data type and asset class. */
    topic: topicPath.optional(),
    /** Default: `<symbol>.<exchange>.<kind>`. Its first word decides the lane. */
    routing_key: routingKey.optional(),
    /** Empty = everyone who subscribes. */
    target_workflows: z.array(serviceName).max(100).optional(),
    /** The specification's name of `delivery_guarantee`. */
    delivery_mode: guarantee.optional(),
    delivery_guarantee: guarantee.optional(),
  })
  .refine(
    ({ delivery_mode: mode, delivery_guarantee: word }) => mode === undefined || word === undefined || mode === word,
    {
      path: ['delivery_mode'],
      message: 'must not contradict delivery_guarantee',
    },
  );

export const marketMetadataSchema = z.looseObject({
  /** The feed that it came from. */
  source: sourceName.optional(),
  /** What the source numbers together. Absent: it numbers each symbol of an exchange by itself. */
  channel: z.string().min(1).max(100).optional(),
});

const eventOf = <Type extends MarketDataType, Data extends z.ZodType>(dataType: Type, data: Data) =>
  z.object({
    /** Makes publishing idempotent. Default: a new one. */
    event_id: z.string().min(1).max(200).optional(),
    /** ISO 8601. Default: now. */
    timestamp: isoTime.optional(),
    data_type: z.literal(dataType),
    data,
    routing: marketRoutingSchema.optional(),
    metadata: marketMetadataSchema.optional(),
  });

const EXAMPLE = {
  event_id: 'nasdaq-itch:20250621:81274',
  timestamp: '2025-06-21T09:30:00.225Z',
  data_type: 'TRADE',
  data: {
    symbol: 'AAPL',
    exchange: 'NASDAQ',
    currency: 'USD',
    asset_class: 'equities',
    timestamp: '2025-06-21T09:30:00.200Z',
    sequence: 81274,
    price: 150.25,
    volume: 1000,
  },
  routing: { target_workflows: ['market_intelligence', 'instrument_analysis'], delivery_mode: 'AT_LEAST_ONCE' },
  metadata: { source: 'nasdaq-itch' },
};

/** The specification's `MarketDataDistribution`, as producers send it. */
export const marketDataDistributionSchema = z
  .discriminatedUnion('data_type', [
    eventOf('TRADE', tradeDataSchema),
    eventOf('QUOTE', quoteDataSchema),
    eventOf('BAR', barDataSchema),
    eventOf('STATUS', statusDataSchema),
  ])
  .meta({ id: 'MarketDataEvent', examples: [EXAMPLE] });

export type MarketDataEventInput = z.input<typeof marketDataDistributionSchema>;
export type MarketDataDistribution = z.output<typeof marketDataDistributionSchema>;
export type MarketMetadata = z.output<typeof marketMetadataSchema>;

/**
 * The specification's `market_data_distributed`, plus `data_type` and `metadata`: the bytes that lie in the log and go to
 * subscribers. Partition and position travel beside them; what only the fan-out knows is in the receipts.
 */
export interface MarketDataDistributed<Data = NormalizedMarketData> {
  readonly event_id: string;
  readonly timestamp: string;
  readonly data_type: MarketDataType;
  readonly distribution: { readonly topic: string };
  readonly data: Data;
  readonly routing: {
    readonly routing_key: string;
    readonly target_workflows: readonly string[];
    readonly delivery_guarantees: MarketDeliveryGuarantee;
  };
  /** `late`: it happened before another one of its symbol, exchange and type that had been published already. */
  readonly metadata: MarketMetadata & { readonly late?: true };
}
