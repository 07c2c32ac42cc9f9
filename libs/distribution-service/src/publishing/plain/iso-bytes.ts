const DIGIT_0 = 0x30;
const [DASH, COLON, POINT, LETTER_T, LETTER_Z] = [0x2d, 0x3a, 0x2e, 0x54, 0x5a];
/** `2025-06-21T10:00:00Z`. */
const SHORTEST = 20;
const MICROS_PER_DAY = 86_400_000_000;
/** Before each month of a year that is no leap year. */
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/**
 * `2025-06-21T10:00:00.000Z` in bytes → epoch microseconds; digits beyond the sixth are cut off. NaN: it is not written like
 * this, and may still be a time.
 */
export function microsOfIsoBytes(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < SHORTEST || bytes[end - 1] !== LETTER_Z) return Number.NaN;
  if (bytes[start + 4] !== DASH || bytes[start + 7] !== DASH || bytes[start + 10] !== LETTER_T) return Number.NaN;
  if (bytes[start + 13] !== COLON || bytes[start + 16] !== COLON) return Number.NaN;
  const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  const hour = twoDigits(bytes, start + 11);
  const minute = twoDigits(bytes, start + 14);
  const second = twoDigits(bytes, start + 17);
  const fraction = end - start === SHORTEST ? 0 : fractionMicros(bytes, start + 19, end - 1);
  if (!(year >= 1970 && month >= 1 && month <= 12 && day >= 1 && hour < 24 && minute < 60 && second < 60)) {
    return Number.NaN;
  }
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const leapDay = isLeap && month > 2 ? 1 : 0;
  const daysOfMonth = DAYS_BEFORE[month] - DAYS_BEFORE[month - 1] + (isLeap && month === 2 ? 1 : 0);
  if (day > daysOfMonth) return Number.NaN;
  const days = daysBeforeYear(year) + DAYS_BEFORE[month - 1] + leapDay + day - 1;
  return days * MICROS_PER_DAY + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
}

/** Since 1970. */
function daysBeforeYear(year: number): number {
  const before = year - 1;
  return (
    (year - 1970) * 365 +
    (Math.floor(before / 4) - 492) -
    (Math.floor(before / 100) - 19) +
    (Math.floor(before / 400) - 4)
  );
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - DIGIT_0;
  const ones = bytes[at + 1] - DIGIT_0;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function fractionMicros(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] !== POINT || end - start < 2) return Number.NaN;
  let micros = 0;
  let weight = 100_000;
  for (let at = start + 1; at < end; at++) {
    const digit = bytes[at] - DIGIT_0;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    if (weight >= 1) micros += digit * weight;
    weight /= 10;
  }
  return micros;
}
