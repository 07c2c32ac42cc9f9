import type { LogicalType } from './avro-type.js';

/** More digits than any sum of money has; beyond it a decimal is taken for the bytes that it is. */
const MAX_PRECISION = 100;
/** Of a decimal's number: enough for the digits above. */
export const MAX_DECIMAL_BYTES = 64;

const MICROS_PER_MILLI = 1_000;
const MS_PER_DAY = 86_400_000;
/** What a `Date` can be. */
const MAX_DATE_MS = 8.64e15;

/** Undefined: it has none, one that JSON shows as it is, or one that does not suit its type, which Avro says to ignore. */
export function logicalOf(
  { logicalType, precision, scale = 0 }: Readonly<Record<string, unknown>>,
  kind: 'int' | 'long' | 'bytes' | 'fixed',
  maxBytes: number,
): LogicalType | undefined {
  if (logicalType === 'date') return kind === 'int' ? { name: logicalType } : undefined;
  if (logicalType === 'timestamp-millis' || logicalType === 'timestamp-micros') {
    return kind === 'long' ? { name: logicalType } : undefined;
  }
  if (logicalType !== 'decimal' || (kind !== 'bytes' && kind !== 'fixed')) return undefined;
  const isPrecision = isWithin(precision, 1, Math.min(MAX_PRECISION, digitsOf(maxBytes)));
  if (!isPrecision || !isWithin(scale, 0, precision as number)) return undefined;
  return { name: 'decimal', precision: precision as number, scale: scale as number };
}

/** Decimal digits that fit into so many bytes, whatever they are. */
const digitsOf = (bytes: number): number => Math.floor(Math.log10(2) * (8 * bytes - 1));

const isWithin = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

/** Digits with a point, none lost: `-12.50`. At most {@link MAX_DECIMAL_BYTES}. */
export function decimalText(bytes: Buffer, scale: number): string {
  const unsigned = bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
  const value = BigInt.asIntN(bytes.length * 8, unsigned);
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${value < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(-scale)}`}`;
}

const DECIMAL = /^(-?)(\d{1,120})(?:\.(\d{1,120}))?$/;

/** Undefined if it is no decimal, or one with more digits than there is room for: nothing is rounded. */
export function unscaledDecimal(text: string, precision: number, scale: number): bigint | undefined {
  const [, sign, whole, fraction = ''] = DECIMAL.exec(text) ?? [];
  if (whole === undefined || /[1-9]/.test(fraction.slice(scale))) return undefined;
  const unscaled = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
  if (unscaled.toString().length > precision) return undefined;
  return sign === '-' ? -unscaled : unscaled;
}

/** Two's complement, most significant byte first; the fewest bytes, or exactly `size`. */
export function decimalBytes(unscaled: bigint, size?: number): Buffer {
  let bytes = size ?? 1;
  if (size === undefined) while (BigInt.asIntN(bytes * 8, unscaled) !== unscaled) bytes++;
  const hex = BigInt.asUintN(bytes * 8, unscaled).toString(16);
  return Buffer.from(hex.padStart(bytes * 2, '0'), 'hex');
}

/** ISO 8601; undefined if it is beyond what can be said so. */
export function timeText(logical: LogicalType['name'], value: number): string | undefined {
  if (logical === 'date') return isoOf(value * MS_PER_DAY)?.slice(0, -14);
  if (logical === 'timestamp-millis') return isoOf(value);
  const ms = Math.floor(value / MICROS_PER_MILLI);
  const micros = value - ms * MICROS_PER_MILLI;
  const iso = isoOf(ms);
  return iso === undefined || micros === 0 ? iso : `${iso.slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}

/** More characters than any time has; what is longer is not looked at. */
const MAX_TIME_LENGTH = 64;
const TIME = /^([^.]+\.\d{3})(\d{1,3})\d*(Z|[+-]\d\d:?\d\d)$/i;

/** What {@link timeText} makes, and other ISO 8601 with a zone; undefined if it is no time. Below a microsecond is cut off. */
export function timeValue(logical: LogicalType['name'], text: string): number | undefined {
  if (text.length > MAX_TIME_LENGTH) return undefined;
  if (logical === 'date') {
    const ms = /^[+-]?\d{4,6}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
    return Number.isNaN(ms) ? undefined : ms / MS_PER_DAY;
  }
  const [, coarse, micros = '0', zone] = TIME.exec(text) ?? [];
  if (coarse === undefined && !/(Z|[+-]\d\d:?\d\d)$/i.test(text)) return undefined;
  const ms = Date.parse(coarse === undefined ? text : coarse + zone);
  if (Number.isNaN(ms)) return undefined;
  return logical === 'timestamp-millis' ? ms : ms * MICROS_PER_MILLI + Number(micros.padEnd(3, '0'));
}

const isoOf = (ms: number): string | undefined =>
  Math.abs(ms) <= MAX_DATE_MS ? new Date(ms).toISOString() : undefined;
