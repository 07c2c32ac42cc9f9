import type { JsonObject } from '../json-value.js';
import { DEFAULT_TRANSFORMATION_LIMITS, Meter } from '../meter.js';
import { compileExpression } from './expression.js';

const EVENT: JsonObject = {
  a: 7,
  b: 2.5,
  text: 'Hello, World',
  yes: true,
  none: null,
  list: [3, 1, 2],
  words: ['x', 'y'],
  map: { one: 1, 'two words': 2 },
  length: 4,
};

const compile = (source: string) => {
  const compiled = compileExpression(source, 'cel');
  if ('rule' in compiled) throw new Error(compiled.rule);
  return compiled;
};
const evaluate = (source: string, event = EVENT) =>
  compile(source).evaluate(event, new Meter(DEFAULT_TRANSFORMATION_LIMITS));

describe('an expression', () => {
  it.each([
    ['1 + 2 * 3 - 4 / 2', 5],
    ['-(a % 4)', -3],
    ['(1 + 2) * 3', 9],
    ['1.5e2', 150],
    ["\"a\\n\\u0041\\x42\\'\" + 'b'", "a\nAB'b"],
    ['a > 5 && b <= 2.5 || false', true],
    ['!yes || a == 7', true],
    ['a != 7 ? "no" : yes ? "yes" : "never"', 'yes'],
    ['"abc" < "abd" && "b" >= "a"', true],
    ['2 in list && !(9 in list)', true],
    ['"one" in map && !("three" in map)', true],
    ['list[1] + map["two words"] + map.one', 4],
    ['map.`two words`', 2],
    ['has(map.one) && !has(map.two) && !has(map.one.deeper)', true],
    ['[1, a, "x"]', [1, 7, 'x']],
    ['[1] + [2]', [1, 2]],
    ['{"k": a, text: [none]}', { k: 7, 'Hello, World': [null] }],
    ['{"a": 1} == {"a": 1} && [1, [2]] == [1, [2]] && {"a": 1} != {"b": 1}', true],
    ['[1] == {"0": 1}', false],
    ['size(text) + size(list) + size(map) + list.size()', 20],
    ['string(a) + string(yes) + string(text) + string(null)', '7trueHello, Worldnull'],
    ['double("2.5") + int(2.9) + int("-3.7")', 1.5],
    ['bool("true") && !bool("false") && bool(true)', true],
    ['type(list) + type(map) + type(none) + type(a) + type(text) + type(yes)', 'listmapnullnumberstringboolean'],
    ['text.startsWith("Hello") && text.endsWith("World") && text.contains(", ")', true],
    ['text.indexOf("World")', 7],
    ['text.lowerAscii() + text.upperAscii() + " x ".trim()', 'hello, worldHELLO, WORLDx'],
    ['text.substring(7) + text.substring(0, 5)', 'WorldHello'],
    ['text.replace("l", "LL")', 'HeLLLLo, WorLLd'],
    ['text.split(", ")', ['Hello', 'World']],
    ['words.join("-") + words.join()', 'x-yxy'],
    ['text.matches("^Hello,\\\\s[A-Z]") && !text.matches("^World")', true],
    ['list.map(x, x * 2)', [6, 2, 4]],
    ['list.map(x, x > 1, x * 2)', [6, 4]],
    ['list.filter(x, x > 1)', [3, 2]],
    ['list.all(x, x > 0) && list.exists(x, x == 2) && list.exists_one(x, x == 3)', true],
    ['map.map(k, k.size())', [3, 9]],
    [
      'list.map(x, words.map(y, y + string(x)))',
      [
        ['x3', 'y3'],
        ['x1', 'y1'],
        ['x2', 'y2'],
      ],
    ],
    ['words.map(a, a)', ['x', 'y']],
    ['event.a + length', 11],
    ['false && none.x', false],
    ['true || none.x', true],
    ['[]', []],
    ['{}', {}],
  ])('%s', (source, expected) => {
    expect(evaluate(source)).toEqual(expected);
  });

  it.each([
    ['1 / 0', 'the result is not a number'],
    ['1 + "a"', '+: not between a number and a string'],
    ['none - 1', '-: not between a null and a number'],
    ['1 < "a"', '<: not between a number and a string'],
    ['1 in 2', 'in: not between a number and a number'],
    ['!1', '!: needs true or false, found a number'],
    ['-text', '-: not a number'],
    ['1 && true', '&&: needs true or false'],
    ['a ? 1 : 2', '?: needs true or false'],
    ['missing', 'there is no field missing'],
    ['a.b', 'there is no field b'],
    ['list[9]', 'there is no [9]'],
    ['list[0.5]', 'there is no [0.5]'],
    ['list[none]', 'there is no [null]'],
    ['list["length"]', 'there is no field length'],
    ['{a: 1}', 'keys of a map are texts'],
    ['size(1)', 'size: not of a number'],
    ['string(list)', 'string: not of a list'],
    ['double("x1")', 'not a number'],
    ['int("")', 'int: not of a string'],
    ['bool(1)', 'bool: not of a number'],
    ['a.startsWith("x")', 'startsWith: not of a number, a string'],
    ['text.contains(1)', 'contains: not of a string, a number'],
    ['a.trim()', 'trim: not of a number'],
    ['a.substring(1)', 'substring: not of a number'],
    ['text.substring(5, 2)', 'substring: not within the text'],
    ['text.replace("", "x")', 'replace: not of'],
    ['text.split(1)', 'split: not of'],
    ['list.join("")', 'join: not of a number'],
    ['a.join("")', 'join: not of a number, a string'],
    ['a.matches("x")', 'matches: not of a number'],
    ['a.map(x, x)', 'map: not of a number'],
    ['list.filter(x, x)', 'filter: needs true or false'],
  ])('%s fails the event', (source, message) => {
    expect(() => evaluate(source)).toThrow(message);
  });

  it.each([
    ['', 'expected a value, found the end at line 1, column 1'],
    ['1 +\n ', 'expected a value, found the end at line 2, column 2'],
    ['a b', 'expected the end, found "b"'],
    ['a ? 1', 'expected ":", found the end'],
    ['§', 'unexpected "§"'],
    ['"open', 'unexpected "\\""'],
    ['"\\q"', 'unknown escape \\q in a string'],
    ['1e999', '1e999 is too large a number'],
    ['has(a)', 'has takes a field'],
    ['list.map(x)', 'map takes a name and an expression'],
    ['list.filter(x, x, x)', 'filter takes a name and an expression'],
    ['list.map(1, 2)', 'expected a name'],
    ['eval("1")', 'there is no function eval'],
    ['text.constructor("x")', 'there is no function .constructor'],
    ['text.toString()', 'there is no function .toString'],
    ['startsWith("x")', 'there is no function startsWith'],
    ['text.string()', 'there is no function .string'],
    ['size()', 'size takes 1 arguments'],
    ['text.trim(1)', 'trim takes 1 arguments'],
    ['text.matches(text)', 'matches takes a pattern as a text'],
    ['text.matches("(")', 'in the pattern, "(" without ")"'],
    ['{"a" 1}', 'expected ":"'],
    ['[1', 'expected "]"'],
    ['a in', 'expected a value'],
    ['x'.repeat(5000), 'must be at most 4096 characters'],
    ['('.repeat(100), 'must be nested at most 24 deep'],
    ['!'.repeat(100), 'must be nested at most 24 deep'],
    ['-'.repeat(100), 'must be nested at most 24 deep'],
    ['['.repeat(100), 'must be nested at most 24 deep'],
    ['a ? b : '.repeat(100), 'must be nested at most 24 deep'],
    ['1' + '+1'.repeat(300), 'must have at most 256 parts'],
  ])('%j is refused', (source, rule) => {
    expect(compileExpression(source, 'cel')).toEqual({ path: 'cel', rule: expect.stringContaining(rule) as string });
  });
});
