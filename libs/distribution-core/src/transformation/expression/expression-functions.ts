import { isList, isObject, type Json, kindOf } from '../json-value.js';
import { type Meter, TransformationFailure } from '../meter.js';
import { finite } from './expression-operators.js';

/** Arguments with what stands before the dot first. Checks their kinds, and asks the meter before it works. */
export interface ExpressionFunction {
  readonly parameters: number;
  readonly optional: number;
  readonly form: 'method' | 'function' | 'both';
  readonly call: (meter: Meter, args: readonly Json[]) => Json;
}

export const isTooManyArguments = (found: ExpressionFunction, count: number): boolean =>
  count > found.parameters + found.optional;

export function functionOf(name: string, isMethod: boolean): ExpressionFunction | undefined {
  const found = FUNCTIONS.get(name);
  if (found === undefined || found.form === 'both') return found;
  return (found.form === 'method') === isMethod ? found : undefined;
}

type Call = ExpressionFunction['call'];

const method = (parameters: number, call: Call, optional = 0): ExpressionFunction => ({
  parameters: parameters + 1,
  optional,
  form: 'method',
  call,
});
const plain = (call: Call): ExpressionFunction => ({ parameters: 1, optional: 0, form: 'function', call });

/** Upper case may be up to three times as long: `ŉ`, `ΐ`. */
const LONGEST_CASE = 3;

const FUNCTIONS: ReadonlyMap<string, ExpressionFunction> = new Map<string, ExpressionFunction>([
  ['size', { parameters: 1, optional: 0, form: 'both', call: size }],
  ['string', plain(toText)],
  ['double', plain((_meter, [value]) => toNumber('double', value))],
  ['int', plain((_meter, [value]) => Math.trunc(toNumber('int', value)))],
  ['bool', plain(toBoolean)],
  ['type', plain((_meter, [value]) => kindOf(value))],
  [
    'startsWith',
    method(1, (meter, args) => compared(meter, 'startsWith', args, (text, part) => text.startsWith(part))),
  ],
  ['endsWith', method(1, (meter, args) => compared(meter, 'endsWith', args, (text, part) => text.endsWith(part)))],
  ['contains', method(1, (meter, args) => searched(meter, 'contains', args, (text, part) => text.includes(part)))],
  ['indexOf', method(1, (meter, args) => searched(meter, 'indexOf', args, (text, part) => text.indexOf(part)))],
  ['lowerAscii', method(0, (meter, [value]) => remade(meter, 'lowerAscii', value, (text) => text.toLowerCase()))],
  ['upperAscii', method(0, (meter, [value]) => remade(meter, 'upperAscii', value, (text) => text.toUpperCase()))],
  ['trim', method(0, (meter, [value]) => remade(meter, 'trim', value, (text) => text.trim()))],
  ['substring', method(1, substring, 1)],
  ['replace', method(2, replace)],
  ['split', method(1, split)],
  ['join', method(0, join, 1)],
]);

function size(meter: Meter, [value]: readonly Json[]): number {
  if (typeof value === 'string' || isList(value)) return value.length;
  if (!isObject(value)) throw unsuitable('size', value);
  const { length } = Object.keys(value);
  meter.step(length);
  return length;
}

function toText(meter: Meter, [value]: readonly Json[]): string {
  if (typeof value === 'object' && value !== null) throw unsuitable('string', value);
  if (typeof value === 'string') return value;
  const text = String(value);
  meter.make(text.length);
  return text;
}

function toNumber(name: string, value: Json): number {
  if (typeof value === 'number') return value;
  const isNumberText = typeof value === 'string' && value.length <= 40 && value.trim() !== '';
  if (!isNumberText) throw unsuitable(name, value);
  return finite(Number(value));
}

function toBoolean(_meter: Meter, [value]: readonly Json[]): boolean {
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  throw unsuitable('bool', value);
}

function compared(
  meter: Meter,
  name: string,
  [text, part]: readonly Json[],
  compare: (text: string, part: string) => boolean,
): boolean {
  if (typeof text !== 'string' || typeof part !== 'string') throw unsuitable(name, text, part);
  meter.read(part.length);
  return compare(text, part);
}

function searched<Result extends Json>(
  meter: Meter,
  name: string,
  [text, part]: readonly Json[],
  search: (text: string, part: string) => Result,
): Result {
  if (typeof text !== 'string' || typeof part !== 'string') throw unsuitable(name, text, part);
  meter.search(text, part);
  return search(text, part);
}

function remade(meter: Meter, name: string, value: Json, make: (text: string) => string): string {
  if (typeof value !== 'string') throw unsuitable(name, value);
  meter.make(value.length * LONGEST_CASE);
  return make(value);
}

function substring(meter: Meter, [text, from, to]: readonly Json[]): string {
  if (typeof text !== 'string') throw unsuitable('substring', text);
  const end = to ?? text.length;
  const isPlace = (at: Json): at is number => typeof at === 'number' && Number.isInteger(at) && at >= 0;
  if (!isPlace(from) || !isPlace(end) || from > end || end > text.length) {
    throw new TransformationFailure('expression', 'substring: not within the text');
  }
  meter.make(end - from);
  return text.slice(from, end);
}

function replace(meter: Meter, [text, part, by]: readonly Json[]): string {
  if (typeof text !== 'string' || typeof part !== 'string' || typeof by !== 'string' || part === '') {
    throw unsuitable('replace', text, part, by);
  }
  const pieces = piecesOf(meter, text, part);
  meter.make(text.length + (pieces.length - 1) * (by.length - part.length));
  return pieces.join(by);
}

function split(meter: Meter, [text, part]: readonly Json[]): Json {
  if (typeof text !== 'string' || typeof part !== 'string') throw unsuitable('split', text, part);
  meter.make(text.length);
  return piecesOf(meter, text, part);
}

function piecesOf(meter: Meter, text: string, part: string): string[] {
  meter.search(text, part);
  // At most as many pieces as steps are left, so that a text of separators makes no list that is refused afterwards.
  const left = meter.limits.maxSteps - meter.steps + 1;
  const pieces = text.split(part, left);
  meter.step(pieces.length);
  return pieces;
}

function join(meter: Meter, [list, between = '']: readonly Json[]): string {
  if (!isList(list) || typeof between !== 'string') throw unsuitable('join', list, between);
  let length = 0;
  const texts: string[] = [];
  for (const item of list) {
    meter.step();
    if (typeof item !== 'string') throw unsuitable('join', item);
    length += item.length + between.length;
    texts.push(item);
  }
  meter.make(length);
  return texts.join(between);
}

function unsuitable(name: string, ...values: readonly Json[]): TransformationFailure {
  return new TransformationFailure(
    'expression',
    `${name}: not of ${values.map((value) => `a ${kindOf(value)}`).join(', ')}`,
  );
}
