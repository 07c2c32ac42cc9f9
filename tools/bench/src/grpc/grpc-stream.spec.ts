import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { until } from '@distributary/distribution-core/testing';
import { stampedEventText } from '../event-text.js';
import type { GrpcCall, Told } from './grpc-method.js';
import { GrpcStream } from './grpc-stream.js';
import { WINDOW_BYTES } from './http2-frames.js';
import { type KnownMessage, MessageMemo } from './message-memo.js';
import { prefixed } from './message-reader.js';

/** Messages in JSON here: `prev` and `pos`, then one event after the other. */
const read = (message: Buffer): Told | undefined => {
  const { prev, pos, isReady } = JSON.parse(message.toString().split('\n')[0]) as Record<string, string>;
  return isReady ? { type: 'subscribed' } : { type: 'moved', lane: 'a#0', prev, pos, isGap: false };
};
const call: GrpcCall = { path: '/a.B/C', request: prefixed(Buffer.from('please')), endsItsHalf: true, read };
const event = (sequence: number, padding = '') =>
  stampedEventText({ topic: 'a', run: `r${padding}`, sequence, stampMicros: 5, key: 0 });
const message = (prev: number, pos: number, padding = '') => {
  const events = Array.from({ length: pos - prev }, (_, index) => event(prev + index, padding));
  return prefixed(Buffer.from([JSON.stringify({ prev: `${prev}`, pos: `${pos}` }), ...events].join('\n')));
};

describe('GrpcStream', () => {
  let server: http2.Http2Server;
  let sessions: http2.ServerHttp2Session[];
  let streams: http2.ServerHttp2Stream[];
  let asked: string[];
  let taken: { readonly sequences: readonly number[]; readonly isWhole: boolean }[];
  const memo = new MessageMemo(read);
  const open = async (index: number, isSampled: boolean) => {
    const stream = new GrpcStream(index, isSampled, call, memo, (_stream, known: KnownMessage, whole) =>
      taken.push({ sequences: [...known.sequences], isWhole: whole !== undefined }),
    );
    stream.connect((server.address() as AddressInfo).port);
    await until('the call', () => streams.length > index && asked.length > index);
    return stream;
  };

  beforeEach(async () => {
    [sessions, streams, asked, taken] = [[], [], [], []];
    server = http2.createServer();
    server.on('session', (session) => sessions.push(session));
    server.on('stream', (stream, headers) => {
      stream.respond({ 'content-type': 'application/grpc' });
      stream.on('error', () => undefined);
      stream.on('data', (bytes: Buffer) => asked.push(`${headers[':path']} ${bytes.toString('latin1', 5)}`));
      streams.push(stream);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    for (const session of sessions) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('asks as a gRPC client does, and is ready when it is told so', async () => {
    const stream = await open(0, false);
    expect(asked).toEqual(['/a.B/C please']);
    expect(stream.isReady).toBe(false);
    streams[0].write(prefixed(Buffer.from('{"isReady":true}')));
    await until('the answer', () => stream.isReady);
  });

  it('knows a message of another stream again, and looks at it anew only if it is sampled', async () => {
    const all = [await open(0, false), await open(1, false), await open(2, true)];
    for (const stream of streams) stream.write(Buffer.concat([message(0, 3), message(3, 4)]));
    await until('the events', () => all.every(({ events }) => events === 4));
    expect(taken.map(({ sequences }) => sequences.join())).toEqual(['0,1,2', '3', '0,1,2', '3', '0,1,2', '3']);
    expect(taken.map(({ isWhole }) => isWhole)).toEqual([false, false, false, false, true, true]);
    expect(all.map(({ brokenChains }) => brokenChains)).toEqual([0, 0, 0]);
  });

  it('finds a message that does not begin where the one before it ended', async () => {
    const stream = await open(0, false);
    streams[0].write(Buffer.concat([message(0, 1), message(2, 3)]));
    await until('the events', () => stream.events === 2);
    expect(stream.brokenChains).toBe(1);
  });

  it('goes on beyond the window that it gave at first', async () => {
    const stream = await open(0, false);
    const big = 'x'.repeat(WINDOW_BYTES / 8);
    for (let number = 0; number < 24; number++) streams[0].write(message(number, number + 1, big));
    await until('all of three windows', () => stream.events === 24);
  });

  it('answers pings, and notes that its call has ended', async () => {
    const stream = await open(0, false);
    await new Promise<void>((resolve, reject) => {
      streams[0].session?.ping((error) => (error === null ? resolve() : reject(error)));
    });
    expect(stream.isClosed).toBe(false);
    streams[0].end(message(0, 1));
    await until('the end', () => stream.isClosed);
    expect(stream.events).toBe(1);
  });
});
