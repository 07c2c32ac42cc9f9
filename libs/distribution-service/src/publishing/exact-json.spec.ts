import Big from 'big.js';
import fc from 'fast-check';
import { readExactJson } from './exact-json.js';

const read = (text: string) => readExactJson(text, JSON.parse);

describe('JSON that is read exactly', () => {
  it.each([
    ['{"price":150.25}', []],
    ['{"price":0.12345678901234567}', ['price']],
    ['[{"data":{"price":1,"x":12345678901234567890}}]', ['[0].data.x']],
    ['{"events":[{},{"a":[1,0.10000000000000000001]}]}', ['events[1].a[1]']],
    ['-0.10000000000000000001e5', ['']],
    ['{"time":1750498200225123}', []],
    ['{"nanos":1750498200225123456}', ['nanos']],
    ['{"id":"20250621093000123456789"}', []],
    ['{"20250621093000123456789":"a\\"12345678901234567890\\\\"}', []],
    ['{"digits":0.30000000000000004,"zeros":1.50000000000000000000}', []],
    [`[${'9'.repeat(400)}]`, []],
    ['{"price":1e-400}', ['price']],
    ['[-2.5E-0324, 0.0e-400, 1e-308]', ['[0]']],
    ['1e-999999', ['']],
    ['{"id":"1e-400","also":"a, 1e-400"}', []],
  ])('%s has lost digits at %j', (text, rounded) => {
    expect(read(text).rounded).toEqual(rounded);
  });

  it('is read at any depth', () => {
    const text = `{"price":0.12345678901234567,"x":${'['.repeat(100_000)}0.12345678901234567${']'.repeat(100_000)}}`;
    expect(read(text).rounded).toEqual(['price']);
  });

  it('is the same as any JSON if nothing was lost', () => {
    fc.assert(fc.property(fc.json(), (text) => expect(read(text)).toEqual({ value: JSON.parse(text), rounded: [] })));
  });

  it('finds every number that is not what was written', () => {
    const number = fc
      .tuple(fc.bigInt({ min: 0n, max: 10n ** 22n }), fc.integer({ min: -10, max: 10 }))
      .map(([digits, power]) => `${digits}e${power}`);
    const plain = number.map((text) => new Big(text).toFixed());
    fc.assert(
      fc.property(fc.array(fc.oneof(number, plain)), (numbers) => {
        const lost = numbers.flatMap((text, at) => (new Big(text).eq(String(Number(text))) ? [] : [`[${at}]`]));
        expect(read(`[${numbers.join(' ,\n')}]`).rounded).toEqual(lost);
      }),
    );
  });

  it('leaves the refusal of what is no JSON to the parser', () => {
    expect(() => read('[1234567890123456789,]')).toThrow(SyntaxError);
    expect(() => read('"1234567890123456789')).toThrow(SyntaxError);
  });
});
