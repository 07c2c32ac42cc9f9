import { foreignValue } from './foreign-value.js';

describe('the value of an event that others wrote', () => {
  it.each([
    ['an object as it is written', '{ "a": 1.0 }', '{ "a": 1.0 }'],
    ['a list as data', '[1, 2.0]', '{"data":[1, 2.0]}'],
    ['a text as data', '"a"', '{"data":"a"}'],
    ['null as data', 'null', '{"data":null}'],
    ['what is no JSON as Base64', '{"a":', '{"data_base64":"eyJhIjo="}'],
    ['no bytes as Base64', '', '{"data_base64":""}'],
    ['what is no UTF-8 as Base64', Buffer.from('7b2261223a22ff227d', 'hex'), '{"data_base64":"eyJhIjoi/yJ9"}'],
    ['none as data', undefined, '{"data":null}'],
  ])('is %s', (_name, given, value) => {
    const bytes = typeof given === 'string' ? Buffer.from(given) : given;
    expect(Buffer.from(foreignValue(bytes)).toString()).toBe(value);
  });
});
