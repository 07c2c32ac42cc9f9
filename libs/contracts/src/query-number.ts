import { z } from 'zod';

const DECIMAL = /^-?\d{1,16}(?:\.\d{1,16})?$/;

/**
 * A number as a query has it: decimal digits, with a point or without. NaN: anything else. JavaScript takes `0x10`, `1e2` and
 * nothing at all for numbers, too, which nobody means who asks for so many events.
 */
export const numberOfText = (text: string): number => (DECIMAL.test(text) ? Number(text) : Number.NaN);

/** A whole number from `min` to `max`, both included: the digits of it in a query, the number itself in a message. */
export function wholeNumberQuery(min: number, max: number, ifAbsent: number) {
  const rule = `must be a whole number from ${min} to ${max}`;
  return (
    z
      .preprocess(
        (given) => (typeof given === 'string' ? numberOfText(given) : given),
        z.int({ error: rule }).min(min, rule).max(max, rule),
      )
      // A `default` behind `preprocess` would not stand in the OpenAPI document.
      .prefault(ifAbsent)
  );
}
