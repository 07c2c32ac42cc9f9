import { accessOf } from './access.js';
import { AttributeIndex } from './attribute-index.js';
import { AttributeSlot } from './attribute-slot.js';
import type { Conjunct } from './compiled-selection.js';
import type { Filter } from './filter.js';

const symbols = (from: number, count: number) => Array.from({ length: count }, (_, nth) => `S${from + nth}`);
const predicate = {} as Conjunct['predicate'];
const conjunct = (filter: Filter): Conjunct => ({ kind: 'filter', filter, predicate });

describe('where an entry is filed', () => {
  const type = new AttributeIndex<string>(new AttributeSlot('data_type'));
  const symbol = new AttributeIndex<string>(new AttributeSlot('symbol'));
  const indexes = new Map([
    ['data_type', type],
    ['symbol', symbol],
  ]);
  const scoreOf = (filter: Filter) =>
    accessOf(conjunct(filter), (point, among) => indexes.get(point.attribute)?.score(point, among) ?? 1)?.score ??
    Infinity;

  it('is under a long list of values that few share rather than under a value that many have, from early on', () => {
    const trades: Filter = { op: 'eq', attribute: 'data_type', value: 'TRADE' };
    const filedByType: number[] = [];
    for (let entry = 0; entry < 1000; entry++) {
      const list: Filter = { op: 'in', attribute: 'symbol', values: symbols(entry * 10, 100) };
      if (scoreOf(trades) <= scoreOf(list)) {
        filedByType.push(entry);
        type.add({ kind: 'value', attribute: 'data_type', value: 'TRADE' }, `entry ${entry}`);
      } else {
        for (const value of list.values) symbol.add({ kind: 'value', attribute: 'symbol', value }, `entry ${entry}`);
      }
    }
    expect(filedByType.length).toBeLessThan(5);
  });
});
