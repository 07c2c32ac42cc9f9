import { decodeEventBatch, densePositions, encodeEventBatch } from '../event-batch.js';
import type { EventOptions } from '../testing/builders.js';
import { anEvent } from '../testing/builders.js';
import { filterFromCel } from './filter-cel.js';
import { MatchIndex } from './match-index.js';
import { matchesEvent } from './matcher.js';

const batchOf = (...events: EventOptions[]) =>
  decodeEventBatch(
    { topic: 'quotes', partition: 0, epoch: 'e' },
    densePositions(0, events.length),
    encodeEventBatch(events.map(anEvent), 0),
  );

const select = (filter?: string, topicPatterns = ['#'], keyPatterns: string[] = []) => ({
  topicPatterns,
  keyPatterns,
  filter: filter === undefined ? undefined : filterFromCel(filter),
});

function matches(index: MatchIndex, batch = batchOf({}), topic = 'quotes'): Record<number, number[] | 'all'> {
  const found: Record<number, number[] | 'all'> = {};
  index.match(topic, batch, undefined, (id, indexes, count) => {
    found[id] = indexes === undefined ? 'all' : [...indexes.subarray(0, count)];
  });
  return found;
}

describe('the match index', () => {
  it('says "all" instead of listing every event', () => {
    const index = new MatchIndex();
    index.add(1, select());
    index.add(2, select('a > 0'));
    expect(matches(index, batchOf({ attributes: { a: 1 } }, { attributes: { a: 2 } }))).toEqual({ 1: 'all', 2: 'all' });
    expect(matches(index, batchOf({ attributes: { a: 1 } }, { attributes: { a: 0 } }))).toEqual({ 1: 'all', 2: [0] });
  });

  it('tells whose topic patterns match, whatever else they ask for', () => {
    const index = new MatchIndex();
    index.add(1, select('a == 1', ['quotes/+', 'quotes/#']));
    index.add(2, select(undefined, ['trades']));
    expect(index.entriesOf('quotes/x')).toEqual([1]);
    index.remove(1);
    index.remove(1);
    expect(index.entriesOf('quotes/x')).toEqual([]);
    expect(index.size).toBe(1);
  });

  it('replaces an entry of the same id', () => {
    const index = new MatchIndex();
    index.add(1, select('a == 1'));
    expect(matches(index, batchOf({ attributes: { a: 2 } }))).toEqual({});
    index.add(1, select('a == 2'));
    expect(matches(index, batchOf({ attributes: { a: 2 } }))).toEqual({ 1: 'all' });
    expect(index.size).toBe(1);
  });

  it('refuses a selection that is not one, and keeps what it had', () => {
    const index = new MatchIndex();
    index.add(1, select());
    expect(() => index.add(1, select(undefined, ['a//b']))).toThrow('patterns[0]');
    expect(() => index.add(1, select(undefined, ['#'], ['a..b']))).toThrow('key_patterns[0]');
    expect(matches(index)).toEqual({ 1: 'all' });
  });

  it('keeps no more plans than its limit', () => {
    const index = new MatchIndex(10);
    for (let id = 0; id < 4; id++) index.add(id, select(`a == 1 && b != ${id}`));
    for (let n = 0; n < 20; n++)
      expect(matches(index, batchOf({ attributes: { a: 1 } }), `t/${n}`)).toHaveProperty('3');
    expect(index.planCount).toBeLessThanOrEqual(2);
  });

  it('plans once for all who select the same, whoever of them comes and goes', () => {
    const index = new MatchIndex(10);
    for (let id = 0; id < 100; id++) index.add(id, select(id % 2 === 0 ? 'a == 1' : 'a in [1]'));
    for (let n = 0; n < 4; n++) {
      const found = Object.keys(matches(index, batchOf({ attributes: { a: 1 } }), `t/${n}`));
      expect(found).toHaveLength(100);
    }
    expect(index.planCount).toBe(4);
    for (let id = 0; id < 99; id++) index.remove(id);
    expect(matches(index, batchOf({ attributes: { a: 1 } }))).toEqual({ 99: 'all' });
    index.add(99, select('a == 2'));
    expect(matches(index, batchOf({ attributes: { a: 1 } }))).toEqual({});
    index.remove(99);
    expect([index.size, index.entriesOf('quotes')]).toEqual([0, []]);
  });

  it('finds ranges among many, also after some were removed', () => {
    const index = new MatchIndex();
    for (let id = 0; id < 300; id++) index.add(id, select(`a >= ${id} && a < ${id + 2}`));
    expect(matches(index, batchOf({ attributes: { a: 100 } }))).toEqual({ 99: 'all', 100: 'all' });
    index.remove(99);
    for (let id = 0; id < 50; id++) index.remove(id);
    expect(matches(index, batchOf({ attributes: { a: 100 } }, { attributes: { a: 49.5 } }))).toEqual({ 100: [0] });
  });

  it('reads a payload once for all who ask, and only if one asks', () => {
    const index = new MatchIndex();
    const batch = batchOf({ value: { data: { n: 1 } } }, { value: { data: { n: 2 } } });
    const read: number[] = [];
    const valueAt = batch.valueAt.bind(batch);
    batch.valueAt = (event) => (read.push(event), valueAt(event));
    index.add(1, select('a == 1 && data.n == 1'));
    expect(matches(index, batch)).toEqual({});
    expect(read).toEqual([]);
    for (let id = 2; id < 9; id++) index.add(id, select('data.n >= 1'));
    matches(index, batch);
    expect(read).toEqual([0, 1]);
  });

  it('equals the oracle over many entries, events and distinct values', () => {
    const index = new MatchIndex();
    const symbolsOf = (id: number) => Array.from({ length: 12 }, (_, n) => `"s${(id * 7 + n * 13) % 90}"`).join(', ');
    const selections = Array.from({ length: 120 }, (_, id) =>
      id % 3 === 0 ? select(`symbol in [${symbolsOf(id)}] || n == ${id}`) : select(`symbol in [${symbolsOf(id)}]`),
    );
    selections.forEach((selection, id) => index.add(id, selection));
    const batch = batchOf(
      ...Array.from({ length: 400 }, (_, n) => ({ attributes: { symbol: `s${(n * 31) % 97}`, n: n % 150 } })),
    );
    const found = matches(index, batch);
    selections.forEach((selection, id) => {
      const expected = [...Array(batch.count).keys()].filter((event) =>
        matchesEvent(selection, 'quotes', batch, event),
      );
      expect(found[id] ?? []).toEqual(expected);
    });
  });

  it('takes a payload that is not JSON for one without fields', () => {
    const index = new MatchIndex();
    index.add(1, select('has(data.n)'));
    index.add(2, select('!has(data.n)'));
    const record = { ...anEvent(), value: Buffer.from('{') };
    const lane = { topic: 'quotes', partition: 0, epoch: 'e' };
    expect(matches(index, decodeEventBatch(lane, densePositions(0, 1), encodeEventBatch([record], 0)))).toEqual({
      2: 'all',
    });
  });
});
