import { FakeClock, until } from '@distributary/distribution-core/testing';
import { WebSocket } from 'ws';
import type { DistributaryClient } from './client.js';
import { connect } from './connect.js';
import { addressOf, streamUrl } from './endpoint.js';
import type { DistributaryError } from './errors.js';
import { connect as connectInNode } from './node/connect.js';
import { ScriptedServer } from './testing/scripted-server.js';

let server: ScriptedServer;
let client: DistributaryClient;
let clock: FakeClock;
let errors: DistributaryError[];

beforeEach(async () => {
  server = await ScriptedServer.start();
  clock = new FakeClock();
  errors = [];
  client = connect(server.url, {
    WebSocket,
    clock,
    random: () => 0,
    token: () => Promise.resolve('secret'),
    clientName: 'spec',
    onError: (error) => errors.push(error),
  });
});

afterEach(async () => {
  client.close();
  await server.stop();
});

const result = { event_id: 'a', duplicate: false, topic: 't', partition: 0, epoch: 'e', position: '1' };

describe('requests', () => {
  it('go out when the connection is up, after the hello, and are answered by their id', async () => {
    const [first, second] = [client.publish([{ event_id: 'a' }]), client.history({ patterns: ['#'], limit: 5 })];
    const peer = await server.peer(0);
    const { id } = await peer.next('publish');
    const history = await peer.next('history');
    expect(history).toEqual({ id: history.id, patterns: ['#'], limit: 5 });
    peer.send('history', { id: history.id, events: [], cursor: 'c', has_more: false });
    peer.send('published', { id: 'unknown', results: [] });
    peer.send('published', { id, results: [result] });
    expect(await first).toEqual([result]);
    expect(await second).toMatchObject({ cursor: 'c' });
    expect(peer.received[0]).toEqual({ type: 'hello', payload: { token: 'secret', client: 'spec' } });
  });

  it('reject with the error that names them; others go to onError', async () => {
    const answer = client.publish([{}]);
    const peer = await server.peer(0);
    const { id } = await peer.next('publish');
    const problem = { code: 'request.invalid', message: 'no', retryable: false, errors: [{ path: 'a', rule: 'b' }] };
    peer.send('error', problem);
    peer.send('error', { ...problem, id: 'gone' });
    peer.send('error', { ...problem, id });
    await expect(answer).rejects.toMatchObject({ code: 'request.invalid', problems: [{ path: 'a', rule: 'b' }] });
    expect(errors).toHaveLength(2);
  });

  it('reject when the connection is lost before the answer', async () => {
    const answer = client.publish([{}]);
    const refused = expect(answer).rejects.toMatchObject({ code: 'connection.lost', retryable: true });
    const peer = await server.peer(0);
    await peer.next('publish');
    peer.socket.terminate();
    await refused;
  });

  it('reject when no answer comes in time', async () => {
    const answer = client.publish([{}]);
    const refused = expect(answer).rejects.toMatchObject({ code: 'request.timeout' });
    await (await server.peer(0)).next('publish');
    clock.advance(30_000);
    await refused;
  });

  it.each([
    ['a BigInt', () => ({ n: 1n })],
    [
      'what holds itself',
      () => {
        const event: Record<string, unknown> = {};
        return Object.assign(event, { event });
      },
    ],
  ])('refuse %s, for which JSON has no form, and let the others through', async (_what, event) => {
    const refusal = { code: 'request.invalid', retryable: false };
    const early = expect(client.publish([event()])).rejects.toMatchObject(refusal);
    const next = client.publish([{ event_id: 'a' }]);
    const peer = await server.peer(0);
    const { id, events } = await peer.next('publish');
    expect(events).toEqual([{ event_id: 'a' }]);
    await early;
    await expect(client.publish([event()])).rejects.toMatchObject(refusal);
    expect(() => client.subscribe({ filter: event() as never })).toThrow(expect.objectContaining(refusal));
    peer.send('published', { id, results: [result] });
    expect(await next).toEqual([result]);
  });

  it('are bounded in number', async () => {
    const waiting = Array.from({ length: 256 }, () =>
      client.publish([{}]).catch((error: DistributaryError) => error.code),
    );
    await expect(client.publish([{}])).rejects.toMatchObject({ code: 'client.busy' });
    client.close();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['connection.closed']));
  });
});

describe('a token that cannot be had', () => {
  it('is tried again with the next connection', async () => {
    let attempts = 0;
    const other = connect(server.url, {
      WebSocket,
      clock,
      random: () => 0,
      token: () => {
        attempts += 1;
        if (attempts === 1) throw new Error('no token yet');
        return 'late';
      },
    });
    await until('the loss', () => other.state === 'waiting');
    clock.advance(100);
    await until('the connection', () => other.state === 'open');
    other.close();
    expect(attempts).toBe(2);
  });
});

describe('addresses', () => {
  it.each([
    ['http://host:1', 'websocket', 'ws://host:1/api/v1/monitoring/stream'],
    ['wss://host/api/v1/market-data/stream?a=b', 'sse', 'https://host/api/v1/market-data/stream?a=b'],
    ['https://host/', 'websocket', 'wss://host/api/v1/monitoring/stream'],
  ] as const)('%p over %s is %p', (url, transport, expected) => {
    expect(streamUrl(url, transport).href).toBe(expected);
  });

  it.each([
    ['http://host:1', 'market-data', 'http://host:1/api/v1/market-data/stream'],
    ['http://host:1', undefined, 'http://host:1'],
    ['wss://host/prices?a=b', 'market-data', 'wss://host/prices?a=b'],
    ['nonsense', 'market-data', 'nonsense'],
  ])('%p of the API %p is %p', (url, api, expected) => {
    expect(addressOf(url, api)).toBe(expected);
  });

  it.each(['nonsense', 'ftp://host'])('%p is refused', (url) => {
    expect(() => connect(url, { WebSocket })).toThrow(expect.objectContaining({ code: 'request.invalid' }));
  });
});

describe('the WebSocket', () => {
  it('of ws is used in Node', async () => {
    const other = connectInNode(server.url);
    await server.peer(1);
    await until('the connection', () => other.state === 'open');
    other.close();
    other.close();
    expect(other.state).toBe('closed');
  });

  it('is asked for where the platform has none', () => {
    const { WebSocket: own } = globalThis as { WebSocket?: unknown };
    Object.assign(globalThis, { WebSocket: undefined });
    expect(() => connect(server.url)).toThrow('no WebSocket here');
    Object.assign(globalThis, { WebSocket: own });
  });
});
