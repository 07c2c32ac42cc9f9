import { encodeCursor, type SubscribeCommand } from '@distributary/distribution-core';
import { qualifiedAck, qualifiedSubscribe, wireCursor, wireLaneName, wireMessage } from './tenant-names.js';

const at = (topic: string) => ({ topic, partition: 1, epoch: 'e', position: '5' });
const cursorOf = (topic: string) => ({ catalogVersion: 3, positions: [at(topic)] });
const command: SubscribeCommand = {
  id: 's',
  selection: { topicPatterns: ['a/#'], keyPatterns: ['k'], filter: { op: 'eq', attribute: 'topic', value: 'a/b' } },
  start: { at: 'cursor', cursor: cursorOf('a/b') },
  slowPolicy: 'block',
  maxRate: undefined,
  credit: undefined,
  durable: { name: 'desk', type: 'exclusive', deliveryGuarantee: 'at_least_once', subscriberService: 'desk' },
};

describe('the names of a tenant at the doors', () => {
  it('become the catalog’s on the way in', () => {
    expect(qualifiedSubscribe('acme', command)).toEqual({
      ...command,
      selection: {
        topicPatterns: ['@acme/a/#'],
        keyPatterns: ['k'],
        filter: { op: 'eq', attribute: 'topic', value: '@acme/a/b' },
      },
      start: { at: 'cursor', cursor: cursorOf('@acme/a/b') },
      durable: { ...command.durable, name: '@acme/desk' },
    });
    expect(qualifiedSubscribe('default', command)).toEqual(command);
  });

  it('become the catalog’s in acknowledgements, cumulative and single', () => {
    expect(qualifiedAck('acme', { id: 's', generation: 1, positions: [at('a')] }).positions).toEqual([at('@acme/a')]);
    const single = { at: [at('a')], delayMs: 5 };
    expect(qualifiedAck('acme', { id: 's', generation: 1, single }).single).toEqual({
      at: [at('@acme/a')],
      delayMs: 5,
    });
    const byIds = { id: 's', generation: 1, single: { eventIds: ['x'] } };
    expect(qualifiedAck('acme', byIds)).toEqual(byIds);
  });

  it('become the tenant’s on the way out', () => {
    expect(wireLaneName({ topic: '@acme/a', partition: 2 })).toBe('a#2');
    expect(wireCursor(encodeCursor(cursorOf('@acme/a')))).toBe(encodeCursor(cursorOf('a')));
    expect(wireMessage({ type: 'subscribed', payload: { id: 's', positions: [at('@acme/a')] } }).payload).toEqual({
      id: 's',
      positions: [at('a')],
    });
    expect(wireMessage({ type: 'gap', payload: { lane: '@acme/a#0', from: '1' } }).payload).toEqual({
      lane: 'a#0',
      from: '1',
    });
    const pong = { type: 'pong', payload: { echo: '@acme/a' } } as const;
    expect(wireMessage(pong)).toBe(pong);
  });
});
