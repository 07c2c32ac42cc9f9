import { decodeEventBatch, densePositions, encodeEventBatch } from '@distributary/distribution-core';
import { anEvent } from '@distributary/distribution-core/testing';
import { dataMessage, positionMessage, sessionMessage, snapshotMessage } from './json-messages.js';
import { sseEncoder } from './sse/sse-encoder.js';

const lane = { topic: 'monitoring/alerts', partition: 1, epoch: 'e1' };
const records = [1, 2, 3, 4].map((n) => anEvent({ eventId: `${n}`, value: { n } }));
const batch = decodeEventBatch(lane, densePositions(0, 4), encodeEventBatch(records, 0));
const text = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString();
const frame = {
  feed: 7,
  lane,
  prev: '',
  pos: '13',
  runs: [
    { batch, from: 0, to: 2 },
    { batch, from: 3, to: 4 },
  ],
  eventCount: 3,
  timeMicros: 1_750_000_000_000_000,
  positions: () => [{ ...lane, position: '13' }],
};

describe('the JSON of the stream protocol', () => {
  it('copies the stored events into a data message', () => {
    expect(JSON.parse(text(dataMessage(frame)))).toEqual({
      type: 'data',
      timestamp: '2025-06-15T15:06:40.000Z',
      payload: {
        feed: 7,
        lane: 'monitoring/alerts#1',
        epoch: 'e1',
        prev: '',
        pos: '13',
        events: [{ n: 1 }, { n: 2 }, { n: 4 }],
      },
    });
  });

  it('tells what a conflated frame stands for, even if it holds no event', () => {
    const conflation = { merged: 9, mergedExact: true, left: ['a"b'] };
    const message = JSON.parse(text(dataMessage({ ...frame, runs: [], eventCount: 0, conflation })));
    expect(message.payload).toMatchObject({ merged: 9, merged_exact: true, left: ['a"b'], events: [] });
  });

  it('counts what a transformation did not let out, and says nothing where there is none', () => {
    const told = JSON.parse(text(dataMessage({ ...frame, runs: [], eventCount: 0, dropped: 3 })));
    expect(told.payload).toMatchObject({ dropped: 3, events: [] });
    const snapshot = { ...frame, values: [], isLast: false, isLastOfAll: false };
    expect(JSON.parse(text(snapshotMessage({ ...snapshot, dropped: 2 }))).payload).toMatchObject({ dropped: 2 });
    expect(text(snapshotMessage(snapshot))).not.toContain('dropped');
  });

  it('has positions, snapshots and messages of one session', () => {
    expect(JSON.parse(text(positionMessage(frame))).payload).toMatchObject({ prev: '', pos: '13' });
    const values = [Buffer.from('{"n":1}'), Buffer.from('{"n":2}')];
    const snapshot = JSON.parse(text(snapshotMessage({ ...frame, values, isLast: true, isLastOfAll: true })));
    expect(snapshot).toMatchObject({ type: 'snapshot', payload: { last: true, events: [{ n: 1 }, { n: 2 }] } });
    expect(JSON.parse(text(sessionMessage({ type: 'unsubscribed', payload: { id: 'x' } }, 0)))).toMatchObject({
      type: 'unsubscribed',
      payload: { id: 'x' },
    });
  });

  it('becomes server-sent events whose id is a cursor', () => {
    const encoder = sseEncoder(() => 3);
    const lines = encoder.data(frame).toString().split('\n');
    expect(lines[0]).toBe('event: data');
    expect(lines[1]).toMatch(/^id: v1\./);
    expect(JSON.parse(lines[2].slice('data: '.length)).type).toBe('data');
    expect(lines.slice(3)).toEqual(['', '']);
    expect(encoder.position(frame).toString()).toContain('event: position');
    expect(encoder.snapshot({ ...frame, values: [], isLast: true, isLastOfAll: true }).toString()).toMatch(
      /^event: snapshot\nid: v1\.[^]*"last":true/,
    );
    expect(encoder.mark(1)).toBeUndefined();
  });

  it('name no cursor while a snapshot is under way, be it the last part of a lane', () => {
    const part = { ...frame, values: [], isLast: true, isLastOfAll: false };
    const [head] = sseEncoder(() => 3)
      .snapshot(part)
      .toString()
      .split('data: ');
    expect(head).toBe('event: snapshot\n');
  });
});
