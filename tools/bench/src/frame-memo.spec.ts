import { deflateRawSync } from 'node:zlib';
import { stampedEventText } from './event-text.js';
import { FrameMemo } from './frame-memo.js';
import { HEAD_BYTES } from './frame-reader.js';

const event = (sequence: number) =>
  stampedEventText({
    topic: 'monitoring/metrics',
    run: 'r',
    sequence,
    stampMicros: 5_000_000 + sequence,
    key: sequence % 4,
  });
const frame = (prev: string, pos: string, events: readonly string[]) =>
  Buffer.from(
    `{"type":"data","timestamp":"t","payload":{"feed":1,"lane":"monitoring/metrics#0","epoch":"e","prev":"${prev}","pos":"${pos}",` +
      `"events":[${events.join(',')}]}}`,
  );

describe('FrameMemo', () => {
  it('reads lane, positions, stamps and sequences of a frame from its bytes', () => {
    expect(new FrameMemo().learn(frame('', '12', [event(7), event(8)]))).toMatchObject({
      lane: 'monitoring/metrics#0',
      epoch: 'e',
      prev: '',
      pos: '12',
      count: 2,
      sequences: Float64Array.of(7, 8),
      stamps: Float64Array.of(5_000_007, 5_000_008),
    });
  });

  it('knows a frame again by its head and length, with and without a guess', () => {
    const memo = new FrameMemo();
    const payload = frame('11', '12', [event(1)]);
    const known = memo.learn(payload);
    expect(memo.find(payload, payload.length, known)).toBe(known);
    expect(memo.find(payload, payload.length, undefined)).toBe(known);
    expect(memo.find(payload, payload.length + 1, known)).toBeUndefined();
    const other = frame('12', '13', [event(1)]);
    expect(memo.find(other, other.length, known)).toBeUndefined();
  });

  it('knows a compressed frame again by what was sent of it', () => {
    const memo = new FrameMemo();
    const message = frame('11', '12', [event(1), event(2)]);
    const sent = deflateRawSync(message);
    const known = memo.learn(message, sent);
    const head = sent.subarray(0, HEAD_BYTES);
    expect(memo.find(head, sent.length, undefined, true)).toBe(known);
    expect(memo.find(head, sent.length, known, true)).toBe(known);
    expect(
      memo.find(deflateRawSync(frame('12', '13', [event(1)])).subarray(0, HEAD_BYTES), sent.length, known, true),
    ).toBeUndefined();
    expect(known).toMatchObject({ count: 2, lane: 'monitoring/metrics#0' });
  });

  it('takes a bare event for a frame of one, and other messages for none', () => {
    const memo = new FrameMemo();
    const bare = Buffer.from(event(3));
    expect(memo.learn(bare)).toMatchObject({ count: 1, lane: '' });
    expect(memo.find(bare, bare.length, undefined)).toBeDefined();
    expect(memo.learn(Buffer.from('{"type":"welcome","payload":{}}'))).toBeUndefined();
  });
});
