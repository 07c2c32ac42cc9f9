import { decodeEventBatch, densePositions, encodeEventBatch } from '../event-batch.js';
import { compileSelection } from '../matching/entry-matcher.js';
import { noMetrics } from '../ports/metrics.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { positionOfOffset } from '../position.js';
import { anEvent } from '../testing/builders.js';
import { LastValueTables } from './last-value-table.js';

const topic = { name: 'metrics', conflationKey: { attributes: ['metric'] } } as unknown as TopicDefinition;
const lane = { topic: 'metrics', partition: 0, epoch: 'e' };
const batchOf = (...rows: [key: string, metric: string | number, n: number][]) =>
  decodeEventBatch(
    lane,
    densePositions(0, rows.length),
    encodeEventBatch(
      rows.map(([routingKey, metric, n]) => anEvent({ eventId: `${n}`, routingKey, attributes: { metric }, value: n })),
      0,
    ),
  );
const everything = compileSelection({ topicPatterns: ['#'], keyPatterns: [], filter: undefined });
const numbers = (values: readonly Uint8Array[]) => values.map((value) => Number(Buffer.from(value).toString()));

describe('the last-value tables', () => {
  it('keep the newest event of each key, and nothing of copies', () => {
    const tables = new LastValueTables({ metrics: noMetrics });
    tables.apply(topic, batchOf(['a', 'cpu', 1], ['a', 'cpu', 2], ['a', 'memory', 3]), undefined);
    tables.apply(topic, batchOf(['b', 'cpu', 4], ['a', 'cpu', 5]), Uint8Array.from([0, 1]));
    expect(numbers(tables.select('metrics', 0, everything))).toEqual([2, 3, 4]);
    const cpu = compileSelection({
      topicPatterns: ['metrics'],
      keyPatterns: ['a'],
      filter: { op: 'eq', attribute: 'metric', value: 'cpu' },
    });
    expect(numbers(tables.select('metrics', 0, cpu))).toEqual([2]);
    expect(tables.select('metrics', 7, everything)).toEqual([]);
  });

  it('keep one of keys that read the same, whatever they are made of', () => {
    const tables = new LastValueTables({ metrics: noMetrics });
    tables.apply(topic, batchOf(['a', 1, 1], ['a', '1', 2], ['a', 1, 3], ['b', '1', 4]), undefined);
    expect(numbers(tables.select('metrics', 0, everything))).toEqual([3, 4]);
  });

  it('forget the key that was updated longest ago at the limit', () => {
    const tables = new LastValueTables({ metrics: noMetrics, limits: { maxKeysPerLane: 2 } });
    tables.apply(topic, batchOf(['a', 'x', 1], ['b', 'x', 2], ['a', 'x', 3], ['c', 'x', 4]), undefined);
    expect(numbers(tables.select('metrics', 0, everything))).toEqual([3, 4]);
  });

  it('are read across topics, until one is forgotten', () => {
    const tables = new LastValueTables({ metrics: noMetrics });
    tables.apply(topic, batchOf(['a', 'x', 1]), undefined);
    expect([...tables.entries()].map((entry) => [entry.topic, entry.record.eventId])).toEqual([['metrics', '1']]);
    expect([...tables.entries((name) => name === 'other')]).toEqual([]);
    tables.forget('metrics');
    expect([...tables.entries()]).toEqual([]);
  });

  it('take what was there before the tail without forgetting what came since', () => {
    const tables = new LastValueTables({ metrics: noMetrics });
    tables.beginRebuild('metrics', 0);
    expect(tables.isComplete('metrics', 0)).toBe(false);
    tables.apply(topic, batchOf(['a', 'cpu', 10]), undefined);
    tables.applyOlder(
      topic,
      batchOf(['a', 'cpu', 1], ['b', 'cpu', 2], ['c', 'cpu', 3]),
      undefined,
      positionOfOffset(1),
    );
    expect(numbers(tables.select('metrics', 0, everything))).toEqual([10]);
    tables.finishRebuild('metrics', 0);
    expect(numbers(tables.select('metrics', 0, everything))).toEqual([2, 10]);
    expect(tables.isComplete('metrics', 0)).toBe(true);
  });

  it('are not complete any more once a key was forgotten', () => {
    const tables = new LastValueTables({ metrics: noMetrics, limits: { maxKeysPerLane: 1 } });
    tables.apply(topic, batchOf(['a', 'x', 1]), undefined);
    expect(tables.isComplete('metrics', 0)).toBe(true);
    tables.apply(topic, batchOf(['b', 'x', 2]), undefined);
    expect(tables.isComplete('metrics', 0)).toBe(false);
  });
});
