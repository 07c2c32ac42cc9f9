import {
  type AssetClass,
  assetClassSchema,
  compareDecimals,
  currencyRule,
  currencySchema,
  type Decimal,
  DEFAULT_ASSET_CLASS,
  isMarketDataType,
  type MarketDataDistribution,
  marketRoutingSchema,
} from '@distributary/contracts';
import { isObject, type Json, type Problem, type TopicProblem } from '@distributary/distribution-core';
import { assetClassOfTopic, isStateTopic } from './default-topics.js';

const PRICES = ['price', 'bid_price', 'ask_price', 'open', 'high', 'low', 'close', 'vwap'] as const;

/** Crude oil was sold at -37.63 once, and rates are indices, too. */
const BELOW_ZERO: ReadonlySet<AssetClass> = new Set<AssetClass>(['futures', 'indices']);

/** What the event says, else what its topic is of, else {@link DEFAULT_ASSET_CLASS}. */
export const assetClassOf = ({ data, routing }: MarketDataDistribution): AssetClass =>
  data.asset_class ??
  (routing?.topic === undefined ? undefined : assetClassOfTopic(routing.topic)) ??
  DEFAULT_ASSET_CLASS;

/** What a schema cannot see: rules between fields that lie apart, and between an event and its topic. Paths begin with `path`. */
export function eventProblems(event: MarketDataDistribution, path: string): Problem[] {
  const problems: Problem[] = [];
  const broken = (field: string, rule: string) => problems.push({ path: `${path}.${field}`, rule });
  const { data, data_type: dataType, routing, metadata } = event;
  const assetClass = assetClassOf(event);

  if (data.currency !== undefined) {
    const rule = currencyRule(data.currency, assetClass);
    if (rule !== undefined) broken('data.currency', rule);
  }
  if (!BELOW_ZERO.has(assetClass)) {
    for (const name of PRICES) {
      const price = dataType === 'STATUS' ? undefined : (data[name] as Decimal | undefined);
      if (isPrice(price) && compareDecimals(price, 0) < 0) {
        broken(`data.${name}`, `must not be negative of ${assetClass}`);
      }
    }
  }
  if (dataType === 'STATUS' && data.symbol === undefined && (data.source ?? metadata?.source) === undefined) {
    broken('data.source', 'must be there if symbol is not');
  }
  const topic = routing?.topic;
  if (topic === undefined) return problems;
  const topicClass = assetClassOfTopic(topic);
  if (topicClass !== undefined && topicClass !== assetClass) {
    broken('routing.topic', `must not be a topic of ${topicClass}, since the event is of ${assetClass}`);
  }
  if (dataType !== 'QUOTE' && isStateTopic(topic)) {
    broken('routing.topic', stateRule(dataType));
  }
  return problems;
}

/**
 * The same of an event of which the schema has refused some fields, so that its producer is told of all problems at once: the
 * rules whose fields are right. None, if not even its type, its asset class or its topic can be told.
 */
export function problemsBesideShape(input: unknown, path: string): Problem[] {
  const event = input as Json | undefined;
  if (!isObject(event) || !isObject(event.data)) return [];
  const { data, data_type: dataType, metadata } = event;
  if (typeof dataType !== 'string' || !isMarketDataType(dataType)) return [];
  const assetClass = assetClassSchema.optional().safeParse(data.asset_class);
  const routing = marketRoutingSchema.optional().safeParse(event.routing);
  if (!assetClass.success || !routing.success) return [];
  const readable = {
    ...event,
    data: { ...data, asset_class: assetClass.data, currency: currencySchema.optional().safeParse(data.currency).data },
    routing: routing.data,
    metadata: isObject(metadata) ? metadata : undefined,
  };
  return eventProblems(readable as unknown as MarketDataDistribution, path);
}

/** What a topic that keeps state, as it is now and whoever made it so, must not have: events of which each one counts. */
export const topicProblem: TopicProblem = ({ attributes: { data_type: dataType } }, { conflationKey = 'none' }) =>
  conflationKey === 'none' || dataType === 'QUOTE' ? undefined : stateRule(String(dataType));

const stateRule = (dataType: string): string =>
  `must not be a topic of state, where newer events replace older ones: each ${dataType} counts`;

/** A field of another data type passes through unchecked, so it may be anything. */
const isPrice = (value: unknown): value is Decimal =>
  typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) && value.length <= 64);
