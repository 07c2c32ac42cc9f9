import { newSubscriptionSchema } from '@distributary/contracts';
import { newSubscriptionOf } from './subscription-request.js';

const least = { topic: 'market-data/normalized/equities', subscription: 'desk-7' };

describe("the specification's request for a subscription", () => {
  it('is one that the administration takes', () => {
    const fields = newSubscriptionOf({
      ...least,
      type: 'KEY_SHARED',
      filters: [
        { field: 'symbol', operator: 'in', values: ['AAPL', 'MSFT'] },
        { field: 'price', operator: 'gte', values: [10] },
        { field: 'routing_key', operator: 'prefix', values: ['AAPL.'] },
        { field: 'late', operator: 'exists' },
      ],
      start_position: 'EARLIEST',
    });
    expect(fields).toEqual({
      subscription_id: 'desk-7',
      patterns: ['market-data/normalized/equities'],
      type: 'key_shared',
      filter: {
        op: 'and',
        filters: [
          { op: 'in', attribute: 'symbol', values: ['AAPL', 'MSFT'] },
          { op: 'range', attribute: 'price', gte: 10 },
          { op: 'prefix', attribute: 'routing_key', value: 'AAPL.' },
          { op: 'exists', attribute: 'late' },
        ],
      },
      start: 'earliest',
    });
    expect(newSubscriptionSchema.safeParse(fields).success).toBe(true);
  });

  it('needs a name, and begins with what comes', () => {
    expect(newSubscriptionOf(least)).toEqual({
      subscription_id: 'desk-7',
      patterns: [least.topic],
      type: 'exclusive',
      start: 'latest',
    });
    expect(newSubscriptionOf({ subscription: 'desk-7' })).not.toHaveProperty('patterns');
    const one = { ...least, filters: [{ field: 'side', operator: 'eq', values: ['buy'] }] };
    expect(newSubscriptionOf(one).filter).toEqual({ op: 'eq', attribute: 'side', value: 'buy' });
  });

  it('can begin behind a message', () => {
    expect(newSubscriptionOf({ ...least, start_position: 'MESSAGE_ID', message_id: 'v1.x' }).start).toEqual({
      cursor: 'v1.x',
    });
  });

  it.each([
    [{}, ['subscription']],
    [{ ...least, topic: '' }, ['topic']],
    [{ ...least, type: 'OPEN' }, ['type']],
    [{ ...least, start_position: 'MESSAGE_ID' }, ['message_id']],
    [{ ...least, message_id: 'v1.x' }, ['message_id']],
    [{ ...least, filters: [{ field: 'a', operator: 'like' }] }, ['filters[0].operator']],
    [
      {
        ...least,
        filters: [
          { field: 'a', operator: 'eq', values: [] },
          { field: 'a', operator: 'in' },
          { field: 'a', operator: 'exists', values: [1] },
          { field: 'a', operator: 'prefix', values: [1] },
          { field: 'a', operator: 'lt', values: ['1'] },
        ],
      },
      ['filters[0].values', 'filters[1].values', 'filters[2].values', 'filters[3].values', 'filters[4].values'],
    ],
  ])('%j is refused at %j', (request, paths) => {
    expect(() => newSubscriptionOf(request)).toThrow(
      expect.objectContaining({
        code: 'request.invalid',
        problems: paths.map((path) => expect.objectContaining({ path })),
      }),
    );
  });
});
