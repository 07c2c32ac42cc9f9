import { loadSync } from '@grpc/proto-loader';
import fc from 'fast-check';
import { MONITORING_PROTO, PROTO_LOADING } from '@distributary/contracts';
import { decodeEventBatch, densePositions, encodeEventBatch } from '@distributary/distribution-core';
import { anEvent } from '@distributary/distribution-core/testing';
import { grpcExchangeEncoder } from './exchange-encoder.js';
import { messagesIn } from './testing/messages-in.js';

/** The reference: what proto-loader makes of our bytes, with proto3's defaults filled in. */
const definition = loadSync(MONITORING_PROTO, { ...PROTO_LOADING, defaults: true });
const service = definition['distributary.monitoring.v1.MonitoringStream'];
if ('format' in service) throw new Error('not a service');
const { responseDeserialize } = service.Exchange;
const decode = (bytes: Buffer) => {
  const messages = [...messagesIn(bytes)];
  expect(messages).toHaveLength(1);
  return responseDeserialize(messages[0]) as Record<string, Record<string, unknown>>;
};

const lane = { topic: 'monitoring/alerts', partition: 3, epoch: 'e1' };
const timeMicros = 1_750_000_000_000_000;
const timestamp = '2025-06-15T15:06:40.000Z';
const told = { lane: 'monitoring/alerts#3', epoch: 'e1' };
const position = fc.string({ maxLength: 24 });
const feed = fc.nat(2 ** 31 - 1);

describe('the bytes of a gRPC frame', () => {
  it('are the data message that the .proto file describes', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 300 });
    const conflation = fc.option(
      fc.record({ merged: fc.nat(), mergedExact: fc.boolean(), left: fc.array(fc.string({ minLength: 1 })) }),
      { nil: undefined },
    );
    const dropped = fc.option(fc.integer({ min: 1, max: 1_000_000 }), { nil: undefined });
    fc.assert(
      fc.property(
        feed,
        position,
        position,
        fc.array(text, { maxLength: 20 }),
        conflation,
        dropped,
        (feed, prev, pos, texts, told_, dropped) => {
          const records = texts.map((value, n) => anEvent({ eventId: `${n}`, value: { value } }));
          const batch = decodeEventBatch(lane, densePositions(0, records.length), encodeEventBatch(records, 0));
          // In two runs, so that what lies between them is left out.
          const half = Math.floor(texts.length / 2);
          const runs = [
            { batch, from: 0, to: half },
            { batch, from: Math.min(half + 1, texts.length), to: texts.length },
          ].filter(({ from, to }) => to > from);
          const sent = [...texts.slice(0, half), ...texts.slice(half + 1)];
          const frame = { feed, lane, prev, pos, runs, eventCount: sent.length, timeMicros, positions: () => [] };
          const message = decode(grpcExchangeEncoder.data({ ...frame, dropped, ...(told_ && { conflation: told_ }) }));
          expect(message).toEqual({
            timestamp,
            payload: 'data',
            data: {
              ...told,
              feed,
              prev,
              pos,
              events: sent.map((value) => Buffer.from(JSON.stringify({ value }))),
              left: told_?.left ?? [],
              positions: [],
              ...(dropped !== undefined && { dropped, _dropped: 'dropped' }),
              ...(told_ && {
                merged: told_.merged,
                merged_exact: told_.mergedExact,
                _merged: 'merged',
                _merged_exact: 'merged_exact',
              }),
            },
          });
        },
      ),
    );
  });

  it('are the position message that the .proto file describes', () => {
    fc.assert(
      fc.property(feed, position, position, (feed, prev, pos) => {
        const bytes = grpcExchangeEncoder.position({ feed, lane, prev, pos, timeMicros, positions: () => [] });
        expect(decode(bytes)).toEqual({ timestamp, payload: 'position', position: { ...told, feed, prev, pos } });
      }),
    );
  });

  it('are the snapshot message that the .proto file describes', () => {
    const values = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 });
    fc.assert(
      fc.property(feed, position, values, fc.boolean(), (feed, pos, values, isLast) => {
        const frame = { feed, lane, pos, values, isLast, isLastOfAll: isLast, timeMicros, positions: () => [] };
        expect(decode(grpcExchangeEncoder.snapshot(frame))).toEqual({
          timestamp,
          payload: 'snapshot',
          snapshot: { ...told, feed, pos, events: values.map((value) => Buffer.from(value)), last: isLast },
        });
      }),
    );
  });

  it('hold no mark: flow control confirms', () => {
    expect(grpcExchangeEncoder.mark(1)).toBeUndefined();
  });
});
