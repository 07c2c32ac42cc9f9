import { preconditionOf, tagged } from './etag.js';

describe('If-Match', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['*', 'any'],
    ['"abc"', ['abc']],
    [' "abc" , "d-e_f" ', ['abc', 'd-e_f']],
    ['W/"abc"', []],
    ['W/"abc", "x"', ['x']],
  ])('%s means %j', (header, expected) => {
    expect(preconditionOf(header)).toEqual(expected);
  });

  it.each(['abc', '"abc', '"a" "b"', '"a",,"b"', 'w/"a"'])('refuses %s', (header) => {
    expect(() => preconditionOf(header)).toThrow(expect.objectContaining({ code: 'request.invalid' }));
  });
});

it('a tagged answer carries its version in quotes', () => {
  const headers: Record<string, string> = {};
  const sink = { header: (name: string, value: string) => (headers[name] = value) };
  expect(tagged(sink, 'v1', { a: 1 })).toEqual({ a: 1 });
  expect(headers).toEqual({ etag: '"v1"' });
});
