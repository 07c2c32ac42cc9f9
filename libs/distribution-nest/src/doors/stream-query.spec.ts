import { z } from 'zod';
import type { StreamVocabulary } from './stream-vocabulary.js';
import { subscriptionFromQuery } from './stream-query.js';

const vocabulary: StreamVocabulary = {
  fields: {
    symbols: z.array(z.string()).optional(),
    min_price: z.union([z.number(), z.string()]).optional(),
    min_volume: z.number().optional(),
  },
  selectionOf: () => ({ topicPatterns: ['#'], keyPatterns: [], filter: undefined }),
  defaultSlowPolicy: () => 'block',
};
const parse = (query: string) => subscriptionFromQuery(new URLSearchParams(query), vocabulary);

describe('the query of a stream', () => {
  it('asks for nothing without parameters', () => {
    expect(parse('')).toBeUndefined();
    expect(parse('data_types=')).toBeUndefined();
  });

  it('refuses parameters that it does not know, each by its name', () => {
    expect(() => parse('symbols=AAPL&symbol=AAPL&id=x&id=y')).toThrow(
      expect.objectContaining({
        code: 'request.invalid',
        problems: ['symbol', 'id'].map((path) => ({ path, rule: expect.stringContaining(' symbols,') })),
      }),
    );
  });

  it('lists data types, services and patterns', () => {
    expect(parse('data_types=ALERTS,METRICS&services=a&services=b&patterns=monitoring/%23&max_rate=5')).toEqual({
      id: 'query',
      data_types: ['ALERTS', 'METRICS'],
      services: ['a', 'b'],
      patterns: ['monitoring/#'],
      max_rate: 5,
    });
  });

  it.each([
    ['snapshot', 'snapshot'],
    ['v1.abc', { cursor: 'v1.abc' }],
    ['2026-01-01T00:00:00Z', { time: '2026-01-01T00:00:00Z' }],
  ])('starts at %s', (start, expected) => {
    expect(parse(`start=${start}`)).toMatchObject({ start: expected });
  });

  it('takes a filter as CEL text or as the JSON text of its tree', () => {
    const tree = { op: 'eq', attribute: 'severity', value: 'CRITICAL' };
    expect(parse(`filter=${encodeURIComponent(JSON.stringify(tree))}`)).toMatchObject({ filter: tree });
    expect(parse('filter=severity%3D%3D"CRITICAL"')).toMatchObject({ filter: 'severity=="CRITICAL"' });
    expect(() => parse('filter={"op"')).toThrow('must be JSON text');
  });

  it('takes what becomes of events: fields, a format, and a transformation by name or as JSON', () => {
    expect(parse('fields=data.a,metadata&format=cloudevents&transformation=twice')).toMatchObject({
      fields: ['data.a', 'metadata'],
      format: 'cloudevents',
      transformation: 'twice',
    });
    expect(parse('transformation={"steps":[]}')).toMatchObject({ transformation: { steps: [] } });
    expect(() => parse('transformation={"steps"')).toThrow('transformation: must be JSON text');
  });

  it('refuses a start that is none', () => {
    expect(() => parse('start=yesterday')).toThrow('must be latest, earliest, snapshot');
  });

  it('takes the fields of the domain: lists, texts where they may be texts, and numbers', () => {
    expect(parse('symbols=AAPL, MSFT&min_price=150.25&min_volume=100')).toEqual({
      id: 'query',
      symbols: ['AAPL', 'MSFT'],
      min_price: '150.25',
      min_volume: 100,
    });
    expect(parse('min_volume=many')).toMatchObject({ min_volume: NaN });
  });

  it('takes decimal digits alone for a number', () => {
    expect(parse('credit=0x10&max_rate=1e2&min_volume=0x10')).toMatchObject({
      credit: NaN,
      max_rate: NaN,
      min_volume: NaN,
    });
    expect(parse('credit=&max_rate=&min_volume=')).toMatchObject({ credit: NaN, max_rate: NaN, min_volume: NaN });
  });
});
