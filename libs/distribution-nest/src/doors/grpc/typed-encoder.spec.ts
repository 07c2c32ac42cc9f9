import { MONITORING_PACKAGE, MONITORING_PROTO } from '@distributary/contracts';
import { decodeEventBatch, densePositions, encodeEventBatch } from '@distributary/distribution-core';
import { anEvent } from '@distributary/distribution-core/testing';
import { messagesIn } from './testing/messages-in.js';
import { responseSerializer } from './response-serializer.js';
import { typedMessages } from './typed-encoder.js';

const lane = { topic: 'a', partition: 0, epoch: 'e' };
const records = [1, 2, 3].map((n) => anEvent({ eventId: `${n}`, value: { n } }));
const batch = decodeEventBatch(lane, densePositions(0, 3), encodeEventBatch(records, 0));
const common = { feed: 1, lane, prev: '1', pos: '2', timeMicros: 0, positions: () => [] };

/** Messages as JSON instead of protobuf, to look at. */
const { encoder, encode } = typedMessages({
  name: 'typed',
  serialize: (message) => Buffer.from(JSON.stringify(message)),
  eventOf: ({ n }) => ({ number: n }),
});
const read = (bytes: Buffer) => [...messagesIn(bytes)].map((message) => JSON.parse(String(message)) as unknown);

describe('typedMessages', () => {
  it('transcodes the events of a frame, and tells where it stands', () => {
    const frame = { ...common, runs: [{ batch, from: 1, to: 3 }], eventCount: 2 };
    const told = { lane: 'a#0', epoch: 'e', prev: '1', pos: '2', events: [{ number: 2 }, { number: 3 }] };
    expect(read(encoder.data(frame))).toEqual([told]);
    const conflation = { merged: 5, mergedExact: false, left: ['k'] };
    expect(read(encoder.data({ ...frame, conflation }))).toEqual([
      { ...told, merged: 5, merged_exact: false, left: ['k'] },
    ]);
    expect(read(encoder.position(common))).toEqual([{ lane: 'a#0', epoch: 'e', prev: '1', pos: '2' }]);
    expect(encoder.mark(1)).toBeUndefined();
  });

  it('marks snapshots as such', () => {
    expect(
      read(encoder.snapshot({ ...common, values: [Buffer.from('{"n":7}')], isLast: true, isLastOfAll: true })),
    ).toEqual([{ lane: 'a#0', epoch: 'e', pos: '2', snapshot: true, last: true, events: [{ number: 7 }] }]);
  });

  it('has a place for what a stream needs to be whole, and for nothing else', () => {
    expect(String(encode({ type: 'status', payload: { state: 'live' } }))).toBe('{"status":{"state":"live"}}');
    expect(encode({ type: 'pong', payload: {} })).toBeUndefined();
  });
});

describe('responseSerializer', () => {
  const service = `${MONITORING_PACKAGE}.MonitoringStream`;

  it('encodes the response of a method', () => {
    const serialize = responseSerializer(MONITORING_PROTO, service, 'Exchange');
    expect(serialize({ timestamp: 't' })).toEqual(Buffer.from([0x0a, 1, 0x74]));
  });

  it.each([
    [service, 'Nothing'],
    ['nobody', 'Exchange'],
    [`${MONITORING_PACKAGE}.StreamRequest`, 'Exchange'],
  ])('says that there is no %s/%s', (name, method) => {
    expect(() => responseSerializer(MONITORING_PROTO, name, method)).toThrow(`has no method ${name}/${method}`);
  });
});
