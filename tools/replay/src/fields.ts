export const DATA_TYPES = ['TRADE', 'QUOTE', 'BAR'] as const;
export type DataType = (typeof DATA_TYPES)[number];

/** How the text of a column becomes a field of `data`. */
type Kind = 'text' | 'decimal' | 'whole' | 'time';

const INSTRUMENT: Readonly<Record<string, Kind>> = {
  ...{ symbol: 'text', exchange: 'text', currency: 'text', asset_class: 'text' },
  ...{ timestamp: 'time', sequence: 'whole' },
};

/** The fields of `data` that a column can be, by its name unless another one is given. */
export const FIELDS: Readonly<Record<DataType, Readonly<Record<string, Kind>>>> = {
  TRADE: { ...INSTRUMENT, price: 'decimal', volume: 'whole', trade_id: 'text', side: 'text' },
  QUOTE: { ...INSTRUMENT, bid_price: 'decimal', bid_size: 'whole', ask_price: 'decimal', ask_size: 'whole' },
  BAR: {
    ...INSTRUMENT,
    ...{ interval: 'text', open: 'decimal', high: 'decimal', low: 'decimal', close: 'decimal' },
    ...{ volume: 'whole', vwap: 'decimal', trade_count: 'whole' },
  },
};

/** Without these no row can be an event. Whatever else a row lacks, the service says. */
export const REQUIRED: Readonly<Record<DataType, readonly string[]>> = {
  TRADE: ['symbol', 'exchange', 'price', 'volume'],
  QUOTE: ['symbol', 'exchange'],
  BAR: ['symbol', 'exchange', 'interval', 'open', 'high', 'low', 'close', 'volume'],
};

/** Of whole numbers in the column of the time: since 1970, in UTC. */
export const TIME_UNITS = { s: 1, ms: 1_000, us: 1_000_000, ns: 1_000_000_000 } as const;
export type TimeUnit = keyof typeof TIME_UNITS;

/**
 * A text as the field has it. Decimals stay texts, so that no digit is lost; what is not what the field wants is left as it
 * is, for the service to refuse by its own rule.
 */
export function fieldValue(text: string, kind: Kind, unit: TimeUnit): string | number {
  switch (kind) {
    case 'text':
      return text;
    case 'decimal':
      // A double that is very large or very small; its digits are those of the number.
      return /^-?\d+(\.\d+)?e[+-]?\d+$/i.test(text) ? Number(text) : text;
    case 'whole':
      return text.trim() !== '' && Number.isSafeInteger(Number(text)) ? Number(text) : text;
    case 'time':
      return isoText(text, unit);
  }
}

/** A day, or a day and a time with or without a zone (`2025-06-21 09:30:00.5+02`), or a whole number of units. */
function isoText(text: string, unit: TimeUnit): string {
  if (/^\d+$/.test(text)) return isoOfUnits(BigInt(text), BigInt(TIME_UNITS[unit]));
  const parts = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(text);
  if (parts === null) return text;
  const [, day, time = '00:00:00', zone = 'Z'] = parts;
  const offset = /^[+-]/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}` : 'Z';
  return `${day}T${time.length === 5 ? `${time}:00` : time}${offset}`;
}

const MAX_SECONDS = 253_402_300_799n;

/** To the microsecond, as the service has it. */
function isoOfUnits(value: bigint, perSecond: bigint): string {
  const seconds = value / perSecond;
  if (seconds > MAX_SECONDS) return String(value);
  const micros = ((value % perSecond) * 1_000_000n) / perSecond;
  return `${new Date(Number(seconds) * 1_000).toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}Z`;
}
