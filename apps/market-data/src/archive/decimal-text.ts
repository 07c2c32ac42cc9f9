import Big from 'big.js';

/** What DECIMAL(38,18) holds. */
const MAX_WHOLE_DIGITS = 20;
const MAX_DECIMALS = 18;
const PLAIN = /^-?\d{1,20}(?:\.\d{1,18})?$/;
const NUMBER = /^-?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?$/;

/**
 * A number as text that DECIMAL(38,18) takes without rounding; undefined if it cannot be written so (more than 20
 * digits before the point or 18 after it, or no number at all).
 */
export function storableDecimal(text: string): string | undefined {
  if (PLAIN.test(text)) return text;
  if (!NUMBER.test(text)) return undefined;
  const plain = new Big(text).toFixed();
  const [whole, decimals = ''] = plain.replace('-', '').split('.');
  return whole.length <= MAX_WHOLE_DIGITS && decimals.length <= MAX_DECIMALS ? plain : undefined;
}

/** Without zeros that say nothing: `150.2500` → `150.25`, `7.000` → `7`. */
export function trimmedDecimal(text: string): string {
  if (!text.includes('.')) return text;
  const trimmed = text.replace(/\.?0+$/, '');
  return trimmed === '-0' ? '0' : trimmed;
}

/** The whole number that DECIMAL(38,18) is made of. */
export function unscaled(text: string): bigint {
  const isNegative = text.startsWith('-');
  const [whole, decimals = ''] = (isNegative ? text.slice(1) : text).split('.');
  const value = BigInt(whole + decimals.padEnd(MAX_DECIMALS, '0'));
  return isNegative ? -value : value;
}

/** The inverse of {@link unscaled}, trimmed. */
export function scaledText(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(MAX_DECIMALS + 1, '0');
  const text = `${digits.slice(0, -MAX_DECIMALS)}.${digits.slice(-MAX_DECIMALS)}`;
  return trimmedDecimal(value < 0n ? `-${text}` : text);
}

/** `total / count` rounded to 18 decimals, half away from zero; `total` as by {@link unscaled}, `count` > 0. */
export function dividedText(total: bigint, count: bigint): string {
  const magnitude = total < 0n ? -total : total;
  const quotient = (2n * magnitude + count) / (2n * count);
  return scaledText(total < 0n ? -quotient : quotient);
}
