const POINT = 0x2e;
const [DIGIT_0, DIGIT_9] = [0x30, 0x39];

/** Every decimal of so many digits is a number, and every number of so many digits is that decimal. */
const MAX_DIGITS = 15;
/** That is printed without an exponent. */
const LEAST = 1e-6;
const POWERS = Array.from({ length: MAX_DIGITS + 1 }, (_, power) => 10 ** power);

/** Reads numbers of at most 15 digits, without sign or exponent, in the form of JSON. What is found is overwritten by the next. */
export class FigureScan {
  value = 0;
  /** Behind the last digit that says something: zeros at the end of a fraction do not. */
  digitsEnd = 0;

  /** A number without a fraction. Behind it; -1 if there is none. */
  whole(bytes: Uint8Array, start: number): number {
    let at = start;
    let value = 0;
    for (; bytes[at] >= DIGIT_0 && bytes[at] <= DIGIT_9; at++) value = value * 10 + bytes[at] - DIGIT_0;
    this.value = value;
    const hasLeadingZero = bytes[start] === DIGIT_0 && at > start + 1;
    return at > start && at <= start + MAX_DIGITS && !hasLeadingZero ? at : -1;
  }

  /** A number with or without a fraction, not nearer to zero than a millionth unless it is zero. Behind it; -1 if there is none. */
  decimal(bytes: Uint8Array, start: number): number {
    let at = this.whole(bytes, start);
    this.digitsEnd = at;
    if (at < 0 || bytes[at] !== POINT) return at;
    let value = this.value;
    const first = ++at;
    for (; bytes[at] >= DIGIT_0 && bytes[at] <= DIGIT_9; at++) {
      value = value * 10 + bytes[at] - DIGIT_0;
      if (bytes[at] !== DIGIT_0) this.digitsEnd = at + 1;
    }
    if (at === first || at - start - 1 > MAX_DIGITS) return -1;
    // Both are exact, so that the quotient is the nearest number there is.
    this.value = value / POWERS[at - first];
    // What is smaller is written with an exponent.
    return this.value >= LEAST || value === 0 ? at : -1;
  }
}
