import { KafkaNames } from './topic-names.js';
import { creationSettings, isMarked, retentionOf, settingsOf } from './topic-settings.js';

const asMap = (settings: readonly { readonly name: string; readonly value: string }[]) =>
  new Map(settings.map(({ name, value }): [string, string] => [name, value]));

describe('retention in Kafka’s settings', () => {
  it.each([
    [{ ms: 0, bytes: 0 }, '-1', '-1', String(7 * 86_400_000), String(2 ** 30)],
    [{ ms: 400_000, bytes: 40 * 2 ** 20 }, '400000', String(40 * 2 ** 20), '100000', String(10 * 2 ** 20)],
    [{ ms: 1_000, bytes: 1_000 }, '1000', '1000', '10000', String(2 ** 20)],
  ])('%j', (retention, ms, bytes, segmentMs, segmentBytes) => {
    const settings = asMap(settingsOf(retention));
    expect(
      ['retention.ms', 'retention.bytes', 'segment.ms', 'segment.bytes'].map((name) => settings.get(name)),
    ).toEqual([ms, bytes, segmentMs, segmentBytes]);
    expect(retentionOf(settings)).toEqual(retention);
  });

  it('are read where others made the topic, too', () => {
    expect(retentionOf(new Map())).toEqual({ ms: 0, bytes: 0 });
    expect(retentionOf(new Map([['retention.ms', null]]))).toEqual({ ms: 0, bytes: 0 });
  });
});

describe('a topic that is made here', () => {
  it('is known as ours, is stamped by brokers and takes our largest event', () => {
    const settings = asMap(creationSettings({ ms: 0, bytes: 0 }, 2 ** 20, 2));
    expect(isMarked(settings)).toBe(true);
    expect(settings.get('message.timestamp.type')).toBe('LogAppendTime');
    expect(Number(settings.get('max.message.bytes'))).toBeGreaterThan(2 ** 20);
    expect(settings.get('min.insync.replicas')).toBe('2');
    expect(asMap(creationSettings({ ms: 0, bytes: 0 }, 1, undefined)).has('min.insync.replicas')).toBe(false);
  });

  it('is not confused with those of others', () => {
    expect(isMarked(new Map([['message.timestamp.before.max.ms', '9223372036854775807']]))).toBe(false);
    expect(isMarked(new Map())).toBe(false);
  });
});

describe('names', () => {
  const names = new KafkaNames('dev.');

  it('stand behind the prefix, and what has it not is not ours', () => {
    expect([names.topic('orders'), names.ourName('dev.orders'), names.ourName('orders')]).toEqual([
      'dev.orders',
      'orders',
      undefined,
    ]);
    expect(names.group('router')).toBe('dev.distributary.router');
    expect(names.transactionalId('monitoring-0', 3)).toBe('dev.distributary.monitoring-0-3');
  });

  it.each(['', 'a/b', 'ü', 'x'.repeat(250)])('that Kafka does not take are refused: %j', (name) => {
    expect(() => new KafkaNames('').check(name)).toThrow(expect.objectContaining({ code: 'request.invalid' }));
  });

  it('of groups have a limit', () => {
    expect(() => names.group('')).toThrow(expect.objectContaining({ code: 'request.invalid' }));
    expect(() => names.group('x'.repeat(513))).toThrow();
  });
});
