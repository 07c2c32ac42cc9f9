import { newSubscriptionSchema } from '@distributary/contracts';
import { creationOf } from './subscription-message.js';

const least = { action: 'CREATE', subscription: 'desk-7' };
const buys = { field: 'side', operator: 'eq', values: [{ text: 'buy' }] };

describe('a SubscriptionRequest of gRPC', () => {
  it('creates what the same request creates at other doors', () => {
    const fields = creationOf({
      ...least,
      topic: 'market-data/normalized/equities',
      patterns: ['market-data/normalized/crypto'],
      type: 'KEY_SHARED',
      filters: [buys, { field: 'price', operator: 'gte', values: [{ number: 10 }] }],
      start_position: 'MESSAGE_ID',
      message_id: 'v1.x',
      limit: 5,
      cursor: 'of a list',
    });
    expect(fields).toEqual({
      subscription_id: 'desk-7',
      patterns: ['market-data/normalized/equities', 'market-data/normalized/crypto'],
      type: 'key_shared',
      filter: {
        op: 'and',
        filters: [
          { op: 'eq', attribute: 'side', value: 'buy' },
          { op: 'range', attribute: 'price', gte: 10 },
        ],
      },
      start: { cursor: 'v1.x' },
    });
    expect(newSubscriptionSchema.safeParse(fields).success).toBe(true);
  });

  it('selects by its criteria alone if it names no topic', () => {
    const criteria = { exchanges: ['XNAS'], currencies: [], min_price_text: '1.50' };
    expect(creationOf({ ...least, topic: '', criteria } as typeof least)).toEqual({
      subscription_id: 'desk-7',
      type: 'exclusive',
      start: 'latest',
      exchanges: ['XNAS'],
      min_price: '1.50',
    });
  });

  it('lets both of its filters hold', () => {
    expect(creationOf({ ...least, filter: 'price > 5', filters: [buys] })).toMatchObject({
      filter: {
        op: 'and',
        filters: [
          { op: 'range', attribute: 'price', gt: 5 },
          { op: 'eq', attribute: 'side', value: 'buy' },
        ],
      },
    });
    expect(creationOf({ ...least, filter: 'price > 5' })).toMatchObject({ filter: 'price > 5' });
  });

  it.each([
    [{ subscription: undefined }, ['subscription']],
    [{ type: 7 }, ['type']],
    [{ start_position: 'MESSAGE_ID' }, ['message_id']],
    [{ start_position: 9 }, ['start_position']],
    [{ message_id: 'v1.x' }, ['message_id']],
    [{ filters: [buys, { field: 'side', operator: 'like' }] }, ['filters[1].operator']],
    [{ filters: [{ values: [{}] }] }, ['filters[0].field', 'filters[0].operator', 'filters[0].values[0]']],
    [{ filters: [{ ...buys, values: [{ number: NaN }] }] }, ['filters[0].values[0]']],
  ])('%j is refused at %j', (wrong, paths) => {
    expect(() => creationOf({ ...least, ...wrong })).toThrow(
      expect.objectContaining({
        code: 'request.invalid',
        problems: paths.map((path) => expect.objectContaining({ path })),
      }),
    );
  });
});
