import type { Filter, Permission, Principal, TopicDefinition } from '@distributary/distribution-core';
import { marketDataTopics } from '../events/default-topics.js';
import { grantedTopics } from './granted-topics.js';

const NAME = 'market-data/normalized/equities';
const topics: readonly TopicDefinition[] = marketDataTopics()
  .filter(({ name }) => name === NAME)
  .map((topic) => ({ ...topic, catalogVersion: 1, createdAtMicros: 0 }));
const known = { symbol: 'AAPL', data_type: 'TRADE' };

const principal = (constraint: Filter | undefined, of: Partial<Permission> = {}, tenant = 'default') =>
  ({
    id: 'me',
    kind: 'local',
    tenant,
    permissions: [{ verbs: ['read'], topicPattern: 'market-data/#', constraint, ...of }],
  }) as unknown as Principal;
const isGranted = (who: Principal) => grantedTopics(topics, who, known).length === 1;

const isApple: Filter = { op: 'eq', attribute: 'symbol', value: 'AAPL' };
const isOther: Filter = { op: 'in', attribute: 'symbol', values: ['MSFT', 'IBM'] };
const isCheap: Filter = { op: 'range', attribute: 'price', lt: 100 };

describe('topics of which a principal may read all that is asked for', () => {
  it('are those of its tenant and its permissions', () => {
    expect(isGranted(principal(undefined))).toBe(true);
    expect(isGranted(principal(undefined, {}, 'another'))).toBe(false);
    expect(isGranted(principal(undefined, { topicPattern: 'market-data/bars/#' }))).toBe(false);
    expect(isGranted(principal(undefined, { verbs: ['publish'] }))).toBe(false);
  });

  it.each<[string, Filter, boolean]>([
    ['the symbol is the one', isApple, true],
    ['the symbol is another one', isOther, false],
    ['the symbol begins so', { op: 'prefix', attribute: 'symbol', value: 'AA' }, true],
    ['it depends on the price', isCheap, false],
    ['it depends on the price, the other way round', { op: 'not', filter: isCheap }, false],
    ['symbol or price', { op: 'or', filters: [isCheap, isApple] }, true],
    ['symbol and price', { op: 'and', filters: [isApple, isCheap] }, false],
    ['neither another symbol nor a price', { op: 'not', filter: { op: 'and', filters: [isOther, isCheap] } }, true],
    ['the exchange, which was not asked for', { op: 'exists', attribute: 'exchange' }, false],
    ['the topic', { op: 'topic', patterns: ['market-data/normalized/+'] }, true],
  ])('by a constraint: %s', (_, constraint, expected) => {
    expect(isGranted(principal(constraint))).toBe(expected);
  });
});
