import { _, type Ajv2020, type CodeKeywordDefinition } from 'ajv/dist/2020.js';
import { isList, isObject, type Json } from '../json-value.js';
import type { Meter } from '../meter.js';

/** Of the event that is looked at. */
type MeterOf = () => Meter;

/** Of a quotient: value, divisor and the division itself are each rounded to the nearest double. */
const MAX_DIVISION_ERROR = 1.5 * Number.EPSILON;

/** What each keyword asks of a value. `wanted`: what the schema says, which ajv's own schema of schemas has looked at. */
const TESTS: Readonly<Record<string, (wanted: never, meter: MeterOf) => (value: never) => boolean>> = {
  enum: isOneOf,
  const: (wanted: Json, meter) => isOneOf([wanted], meter),
  maxLength: (max: number, meter) => (text: string) =>
    text.length <= max || (text.length <= 2 * max && codePoints(text, meter()) <= max),
  minLength: (min: number, meter) => (text: string) =>
    text.length >= 2 * min || (text.length >= min && codePoints(text, meter()) >= min),
  multipleOf: (of: number) => (value: number) => {
    if (Number.isInteger(value) && Number.isInteger(of)) return value % of === 0;
    const times = value / of;
    return Math.abs(times - Math.round(times)) <= MAX_DIVISION_ERROR * Math.abs(times);
  },
};

/**
 * Instead of ajv's own, whose time depends on how long a list or a text is and so cannot be told beforehand. `enum` and
 * `const` of ajv besides call functions that they find in the event, and to its `multipleOf` 0.07 is none of 0.01. What
 * they say of a value stays ajv's.
 */
export function useMeteredKeywords(ajv: Ajv2020, meter: MeterOf): void {
  for (const [keyword, testOf] of Object.entries(TESTS)) {
    const { type, schemaType, error } = ajv.getKeyword(keyword) as CodeKeywordDefinition;
    ajv.removeKeyword(keyword).addKeyword({
      keyword,
      type,
      schemaType,
      error,
      code: (context) => {
        const test = context.gen.scopeValue('keyword', { ref: testOf(context.schema as never, meter) });
        context.pass(_`${test}(${context.data})`);
      },
    });
  }
}

/** Found at once among texts and numbers; lists and objects are compared one by one. */
function isOneOf(wanted: readonly Json[], meter: MeterOf): (value: Json) => boolean {
  const isLarge = (value: Json) => isList(value) || isObject(value);
  const large = wanted.filter(isLarge);
  const others = new Set(wanted.filter((value) => !isLarge(value)));
  return (value) => (isLarge(value) ? large.some((each) => meter().equal(value, each)) : others.has(value));
}

/** Characters as a schema counts them: two halves are one. */
function codePoints(text: string, meter: Meter): number {
  meter.read(text.length);
  let count = 0;
  for (let at = 0; at < text.length; count++) at += (text.codePointAt(at) as number) > 0xffff ? 2 : 1;
  return count;
}
