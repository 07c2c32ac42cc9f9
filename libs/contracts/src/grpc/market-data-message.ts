import { type Decimal, decimalRule, decimalText } from '../market-data/decimal.js';

type Fields = Readonly<Record<string, unknown>>;

const DECIMALS = ['price', 'bid_price', 'ask_price', 'open', 'high', 'low', 'close', 'vwap'] as const;
const WHOLES = ['sequence', 'volume', 'bid_size', 'ask_size', 'trade_count', 'first_missing', 'last_missing'] as const;
const TEXTS = ['currency', 'interval', 'status', 'trade_id', 'side', 'detail'] as const;

const FRACTION = /\.(\d{1,9})/;

/**
 * A stored event as `distributary.marketdata.v1.MarketDataMessage`, with the names of the .proto file. What a transformation
 * took away, or made into something else, is empty.
 */
export function marketDataMessage(event: unknown): object {
  const { event_id, timestamp, data_type, distribution, data, routing, metadata } = fieldsOf(event);
  const { routing_key, target_workflows, delivery_guarantees } = fieldsOf(routing);
  const { source, channel, late } = fieldsOf(metadata);
  return {
    event_id: textOf(event_id),
    timestamp: epochMicros(timestamp),
    data: dataMessage(textOf(data_type), fieldsOf(data)),
    metadata: {
      topic: textOf(fieldsOf(distribution).topic),
      routing_key: textOf(routing_key),
      target_workflows: textsOf(target_workflows),
      delivery_guarantees: textOf(delivery_guarantees),
      ...present('source', source, isText),
      ...present('channel', channel, isText),
      late: late === true,
    },
  };
}

function dataMessage(dataType: string, data: Fields): object {
  const message: Record<string, unknown> = {
    data_type: dataType,
    symbol: textOf(data.symbol),
    exchange: textOf(data.exchange),
    asset_class: textOf(data.asset_class),
    timestamp: epochMicros(data.timestamp),
  };
  for (const name of DECIMALS) {
    const decimal = data[name];
    if (decimal === undefined || decimalRule(decimal) !== undefined) continue;
    const text = decimalText(decimal as Decimal);
    message[name] = { text, value: Number(text) };
  }
  for (const name of WHOLES) Object.assign(message, present(name, data[name], isWhole));
  for (const name of TEXTS) Object.assign(message, present(name, data[name], isText));
  const conditions = textsOf(data.conditions);
  if (conditions.length > 0) message.conditions = conditions;
  return message;
}

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(textOf) : []);
const isText = (value: unknown): boolean => typeof value === 'string';
const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const present = (name: string, value: unknown, isIt: (value: unknown) => boolean): object =>
  isIt(value) ? { [name]: value } : {};

/** ISO 8601 as epoch microseconds, digits beyond the sixth cut off; what is no time is the beginning of time. */
function epochMicros(iso: unknown): number {
  const text = textOf(iso);
  const digits = FRACTION.exec(text)?.[1] ?? '';
  const seconds = Date.parse(text.replace(FRACTION, ''));
  return Number.isNaN(seconds) ? 0 : seconds * 1_000 + Number(digits.slice(0, 6).padEnd(6, '0'));
}
