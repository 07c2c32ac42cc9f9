import { z } from 'zod';

/**
 * A decimal as JSON has it: a number if it has at most {@link MAX_NUMBER_DIGITS} significant digits, which a binary number
 * gives back as they were, else the text of its digits. {@link decimalText} is exact for both.
 */
export type Decimal = number | string;

/** Every decimal of so many significant digits is the shortest text of its nearest binary number. */
export const MAX_NUMBER_DIGITS = 15;
/** What `DECIMAL(38, 18)` of a database holds; a wei is the 18th digit of an ether. */
export const MAX_WHOLE_DIGITS = 20;
export const MAX_FRACTION_DIGITS = 18;

const MAX_TEXT = 64;
const PLAIN = /^(-?)(\d+)(?:\.(\d+))?$/;
const SCIENTIFIC = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/;
const SCALE = 10n ** BigInt(MAX_FRACTION_DIGITS);

export const NOT_A_DECIMAL = 'must be a number, or a decimal text such as "150.25"';
export const TOO_MANY_DIGITS_FOR_A_NUMBER = `must be a text if it has more than ${MAX_NUMBER_DIGITS} significant digits`;
export const TOO_MANY_DIGITS = `must have at most ${MAX_WHOLE_DIGITS} digits before the point and ${MAX_FRACTION_DIGITS} behind it`;

interface Digits {
  readonly isNegative: boolean;
  /** Without leading zeros; empty for none. */
  readonly whole: string;
  /** Without trailing zeros. */
  readonly fraction: string;
}

/** Which rule it breaks; undefined: it is a decimal. */
export function decimalRule(value: unknown): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return NOT_A_DECIMAL;
  if (typeof value === 'number' && isShort(value)) return undefined;
  const digits = digitsOf(value);
  if (digits === undefined) return NOT_A_DECIMAL;
  const { whole, fraction } = digits;
  if (typeof value === 'number' && significantDigits(digits) > MAX_NUMBER_DIGITS) return TOO_MANY_DIGITS_FOR_A_NUMBER;
  return whole.length > MAX_WHOLE_DIGITS || fraction.length > MAX_FRACTION_DIGITS ? TOO_MANY_DIGITS : undefined;
}

/** `150.25`: no exponent, no zeros that say nothing. Of what is a decimal by {@link decimalRule}. */
export function decimalText(value: Decimal): string {
  const { isNegative, whole, fraction } = digitsOf(value) as Digits;
  const text = `${whole || '0'}${fraction && `.${fraction}`}`;
  return isNegative && text !== '0' ? `-${text}` : text;
}

/** The one form in which it is stored: a number wherever that holds all of its digits. */
export function canonicalDecimal(value: Decimal): Decimal {
  // Its digits are the shortest there are; what is left is the sign of a zero.
  if (typeof value === 'number') return value === 0 ? 0 : value;
  const digits = digitsOf(value) as Digits;
  const text = decimalText(value);
  return significantDigits(digits) <= MAX_NUMBER_DIGITS ? Number(text) : text;
}

/** Below zero, zero, or above it, as `sort` wants it. Exact. */
export function compareDecimals(one: Decimal, other: Decimal): number {
  // Numbers of 15 digits are as far apart, and on the same side, as their binary neighbours.
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  const difference = unitsOf(one) - unitsOf(other);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The nearest binary number, for filters, which compare numbers; with at most 15 digits it is the decimal itself. */
export const nearestNumber = (value: Decimal): number => (typeof value === 'number' ? value : Number(value));

/** The nearest number to the middle of two; halved before it is rounded, and rounded once. */
export function middleOf(one: Decimal, other: Decimal): number {
  if (typeof one === 'number' && typeof other === 'number') {
    const [first, second] = [Math.round(one * MILLION), Math.round(other * MILLION)];
    // Whole millionths, whose sum is exact: then one division rounds, and nothing else does.
    if (isMillionths(first, one) && isMillionths(second, other)) return (first + second) / (2 * MILLION);
  }
  const twice = unitsOf(one) + unitsOf(other);
  const negative = twice < 0n;
  const halfUnits = (negative ? -twice : twice) * 5n;
  const text = halfUnits.toString().padStart(MAX_FRACTION_DIGITS + 2, '0');
  const point = text.length - MAX_FRACTION_DIGITS - 1;
  return Number(`${negative ? '-' : ''}${text.slice(0, point)}.${text.slice(point)}`);
}

/** What events carry: any decimal comes in, its canonical form goes on. */
export const decimalSchema = z
  .union([z.number(), z.string()], { error: NOT_A_DECIMAL })
  .transform((value, context): Decimal => {
    const rule = decimalRule(value);
    if (rule === undefined) return canonicalDecimal(value);
    context.issues.push({ code: 'custom', message: rule, input: value });
    return z.NEVER;
  });

const MILLION = 1e6;
const MAX_EXACT = 2 ** 52;

const isMillionths = (millionths: number, value: number): boolean =>
  Math.abs(millionths) < MAX_EXACT && millionths / MILLION === value;

/** Nearly all prices: an amount of millionths that a number of 15 digits holds. */
const isShort = (value: number): boolean => Math.abs(value) < 1e8 && isMillionths(Math.round(value * MILLION), value);

function unitsOf(value: Decimal): bigint {
  const { isNegative, whole, fraction } = digitsOf(value) as Digits;
  const units = BigInt(whole || '0') * SCALE + BigInt(fraction.padEnd(MAX_FRACTION_DIGITS, '0'));
  return isNegative ? -units : units;
}

function digitsOf(value: Decimal): Digits | undefined {
  const text = typeof value === 'number' ? plainText(String(value)) : value;
  if (text.length > MAX_TEXT) return undefined;
  const parts = PLAIN.exec(text);
  if (parts === null) return undefined;
  const [, sign, whole, fraction = ''] = parts;
  return { isNegative: sign === '-', whole: whole.replace(/^0+/, ''), fraction: fraction.replace(/0+$/, '') };
}

/** Numbers below a millionth print with an exponent. What is out of any range is left as it is, and then refused. */
function plainText(text: string): string {
  const parts = SCIENTIFIC.exec(text);
  if (parts === null) return text;
  const [, sign, first, rest = '', exponent] = parts;
  const digits = first + rest;
  const power = Number(exponent);
  if (power < -MAX_TEXT || power > MAX_TEXT) return text;
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`;
  return `${sign}${digits.padEnd(power + 1, '0')}`;
}

function significantDigits({ whole, fraction }: Digits): number {
  if (fraction === '') return whole.replace(/0+$/, '').length;
  return (whole + fraction).replace(/^0+/, '').length;
}
