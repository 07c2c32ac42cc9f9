import { FakeClock, until } from '@distributary/distribution-core/testing';
import type { DistributaryClient } from '../client.js';
import { connect } from '../connect.js';
import { decodeCursor, encodeCursor } from '../cursor-codec.js';
import type { DistributaryError } from '../errors.js';
import type { SubscribeOptions } from '../options.js';
import { atPosition, data, snapshot, subscribedTo } from '../testing/frames.js';
import { ScriptedServer } from '../testing/scripted-server.js';
import { transcript } from '../testing/transcript.js';

let server: ScriptedServer;
let client: DistributaryClient;
let clock: FakeClock;
let lastError: DistributaryError | undefined;

beforeEach(async () => {
  server = await ScriptedServer.start();
  clock = new FakeClock();
  lastError = undefined;
  client = connect(server.url, {
    transport: 'sse',
    clock,
    random: () => 0,
    token: 'secret',
    onStateChange: (_state, error) => {
      lastError = error ?? lastError;
    },
  });
});

afterEach(async () => {
  client.close();
  await server.stop();
});

const lost = () => until('the loss', () => client.state === 'waiting');

async function live(options: SubscribeOptions = {}) {
  const written = transcript();
  const subscription = client.subscribe(options, written);
  const peer = await server.ssePeer(0);
  peer.send('subscribed', subscribedTo('query'));
  peer.send('data', data('', '1', ['a']), 'v1.first');
  await until('the event', () => written.lines.includes('events a'));
  return { written, subscription, peer };
}

describe('a subscription over SSE', () => {
  it('is written into the query', async () => {
    client.subscribe({
      patterns: ['a/#', 'b'],
      dataTypes: ['ALERTS'],
      services: ['x'],
      keys: ['*.k'],
      filter: { op: 'eq' },
      start: { time: '2026-01-01T00:00:00Z' },
      slowPolicy: 'conflate',
      deliveryGuarantee: 'at_most_once',
      subscriberService: 'pager',
      maxRate: 5,
      transformation: { steps: [] },
      fields: ['data.a', 'metadata'],
      format: 'cloudevents',
    });
    const { query, request } = await server.ssePeer(0);
    expect(Object.fromEntries(query)).toEqual({
      patterns: 'a/#,b',
      data_types: 'ALERTS',
      services: 'x',
      keys: '*.k',
      filter: '{"op":"eq"}',
      start: '2026-01-01T00:00:00Z',
      slow_policy: 'conflate',
      delivery_guarantee: 'at_most_once',
      subscriber_service: 'pager',
      max_rate: '5',
      transformation: '{"steps":[]}',
      fields: 'data.a,metadata',
      format: 'cloudevents',
    });
    expect(request.headers.authorization).toBe('Bearer secret');
    expect(request.headers['last-event-id']).toBeUndefined();
  });

  it('begins at a cursor with Last-Event-ID', async () => {
    const cursor = encodeCursor({ catalogVersion: 1, positions: atPosition('5') });
    client.subscribe({ start: { cursor }, filter: 'a == 1' });
    const { query, request } = await server.ssePeer(0);
    expect(query.has('start')).toBe(false);
    expect(query.get('filter')).toBe('a == 1');
    expect(request.headers['last-event-id']).toBe(cursor);
  });

  it('resumes after a cut with its cursor', async () => {
    const { written, peer } = await live();
    peer.response.destroy();
    await lost();
    clock.advance(100);
    const second = await server.ssePeer(1);
    const cursor = String(second.request.headers['last-event-id']);
    expect(decodeCursor(cursor)).toEqual({ catalogVersion: 3, positions: atPosition('1') });
    second.send('subscribed', subscribedTo('query', { positions: atPosition('1') }));
    second.send('data', data('1', '2', ['b']));
    await until('the next event', () => written.lines.includes('events b'));
    expect(written.lines).toEqual(['subscribed full', 'events a', 'subscribed full', 'events b']);
  });

  it('gives the snapshot, then what is live', async () => {
    const written = transcript();
    client.subscribe({ start: 'snapshot' }, written);
    const peer = await server.ssePeer(0);
    peer.send('subscribed', subscribedTo('query', { recovered: 'snapshot' }));
    peer.send('snapshot', snapshot('1', ['k'], true));
    peer.send('data', data('1', '2', ['x']));
    await until('the live event', () => written.lines.includes('events x'));
    expect(written.lines).toEqual(['subscribed snapshot', 'last snapshot k', 'events x']);
  });

  it.each([
    ['within a lane', [snapshot('9', ['k'], false)]],
    ['between two lanes', [snapshot('9', ['k'], true)]],
  ])('begins the snapshot anew after a cut %s, whatever ids its parts have', async (_where, parts) => {
    const written = transcript();
    client.subscribe({ start: 'snapshot' }, written);
    const positions = [...atPosition('9'), ...atPosition('9').map((lane) => ({ ...lane, partition: 1 }))];
    const answer = subscribedTo('query', { recovered: 'snapshot', positions });
    const peer = await server.ssePeer(0);
    peer.send('subscribed', answer);
    for (const part of parts) peer.send('snapshot', part, encodeCursor({ catalogVersion: 3, positions }));
    await until('the part', () => written.lines.length === 2);
    peer.response.destroy();
    await lost();
    clock.advance(100);
    const { request, query } = await server.ssePeer(1);
    expect(request.headers['last-event-id']).toBeUndefined();
    expect(query.get('start')).toBe('snapshot');
  });

  it('notices a broken sequence and comes back', async () => {
    const { written, peer } = await live();
    peer.send('data', data('5', '6', ['z']));
    await lost();
    expect(lastError).toMatchObject({ code: 'protocol.violation' });
    expect(written.lines.at(-1)).toBe('gap chain 1..5');
    clock.advance(100);
    await server.ssePeer(1);
  });

  it.each([
    ['a bye', 4001, 'waiting'],
    ['a final bye', 4403, 'failed'],
  ])('%s with %p leaves it %s', async (_what, code, state) => {
    const { peer, subscription } = await live();
    peer.send('bye', { code, reason: 'go', reconnect_ms: 50 });
    await until(state, () => client.state === state);
    expect(lastError).toMatchObject({ status: code });
    if (state === 'failed') expect((await subscription.ended).error).toMatchObject({ code: 'auth.forbidden' });
    else {
      clock.advance(50);
      await server.ssePeer(1);
    }
  });

  it('ends with a refusal that arrives as an event', async () => {
    const subscription = client.subscribe({}, {});
    const peer = await server.ssePeer(0);
    peer.send('error', { id: 'query', code: 'position.lost', message: 'gone', retryable: false });
    peer.send('bye', { code: 4000, reason: 'going_away' });
    expect((await subscription.ended).error).toMatchObject({ code: 'position.lost' });
    expect(server.ssePeers).toHaveLength(1);
  });

  it('ends when the request is refused, with the code of the problem', async () => {
    server.sseRefusal = { status: 400, body: { code: 'request.invalid', detail: 'filter: no', errors: [] } };
    const { error } = await client.subscribe({}).ended;
    expect(error).toMatchObject({ code: 'request.invalid', message: 'filter: no', status: 400 });
  });

  it('obeys Retry-After', async () => {
    server.sseRefusal = { status: 503, body: 'busy', headers: { 'retry-after': '2' } };
    client.subscribe({});
    await lost();
    expect(lastError).toMatchObject({ code: 'internal', retryable: true, retryAfterMs: 2_000 });
    server.sseRefusal = undefined;
    clock.advance(1_999);
    expect(client.state).toBe('waiting');
    clock.advance(1);
    await server.ssePeer(0);
  });

  it('gives up a request that is never answered', async () => {
    server.opensStreams = false;
    client.subscribe({});
    await until('the request', () => server.streamsAsked === 1);
    clock.advance(10_000);
    await lost();
    expect(lastError).toMatchObject({ code: 'connection.lost', message: 'the stream was not opened in time' });
    server.opensStreams = true;
    clock.advance(100);
    await server.ssePeer(0);
  });

  it('gives a silent stream up', async () => {
    await live();
    clock.advance(60_000);
    clock.advance(10_000);
    await lost();
    expect(lastError?.message).toBe('the service fell silent');
  });

  it('follows what is no message by a new request', async () => {
    const { peer } = await live();
    peer.response.write('data: nonsense\n\n');
    await lost();
    peer.response.end();
    expect(lastError).toMatchObject({ code: 'protocol.violation' });
  });

  it('is tried again after the stream ended', async () => {
    const { peer } = await live();
    peer.response.end();
    await lost();
    expect(lastError?.message).toBe('the stream ended');
  });

  it('stops reading while the consumer is behind', async () => {
    const waiting: (() => void)[] = [];
    const seen: string[] = [];
    client.subscribe(
      { maxQueuedEvents: 2 },
      {
        onEvents: async ({ position }) => {
          seen.push(position);
          await new Promise<void>((resolve) => {
            waiting.push(resolve);
          });
        },
      },
    );
    const peer = await server.ssePeer(0);
    peer.send('subscribed', subscribedTo('query'));
    for (let n = 1; n <= 8; n += 1) peer.send('data', data(n === 1 ? '' : String(n - 1), String(n), ['x']));
    for (let n = 1; n <= 8; n += 1) {
      await until(`frame ${n}`, () => seen.length === n);
      waiting.shift()?.();
    }
    expect(seen).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
  });

  it('closes its request when it is closed', async () => {
    const { subscription, peer } = await live();
    const closed = new Promise((resolve) => {
      peer.request.on('close', resolve);
    });
    subscription.close();
    await closed;
    expect(await subscription.ended).toEqual({});
  });

  it('does not come back when it was closed on hearing of the loss', async () => {
    const other = connect(server.url, {
      transport: 'sse',
      clock,
      onStateChange: (state) => {
        if (state === 'waiting') other.close();
      },
    });
    const { ended } = other.subscribe({});
    (await server.ssePeer(0)).response.end();
    expect(await ended).toEqual({});
    expect(clock.pendingAlarms).toBe(0);
  });

  it('waits for no one after the client was closed', async () => {
    const { peer } = await live();
    peer.response.destroy();
    await lost();
    client.close();
    client.close();
    expect(clock.pendingAlarms).toBe(0);
    expect(() => client.subscribe({})).toThrow('closed');
    await expect(client.publish([])).rejects.toThrow('closed');
  });

  it.each([{ name: 'desk' }, { credit: 5 }, { autoAck: true }, { type: 'shared' as const }])('has no %j', (options) => {
    expect(() => client.subscribe(options)).toThrow('not over SSE');
  });

  it('has no acknowledgements and no history', async () => {
    const { subscription } = await live();
    expect(() => subscription.ack()).toThrow('only a named subscription');
    await expect(client.history({ patterns: ['#'] })).rejects.toMatchObject({ code: 'request.invalid' });
  });
});
