import { type AddressInfo, createServer } from 'node:net';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { WebSocket } from 'ws';
import type { DistributaryClient } from './client.js';
import { connect } from './connect.js';
import { decodeCursor } from './cursor-codec.js';
import type { DistributaryError } from './errors.js';
import type { ConnectOptions } from './options.js';
import { atPosition, data, gap, snapshot, subscribedTo } from './testing/frames.js';
import { type Peer, ScriptedServer } from './testing/scripted-server.js';
import { transcript } from './testing/transcript.js';

let server: ScriptedServer;
let client: DistributaryClient;
let clock: FakeClock;
let states: string[];
let lastError: DistributaryError | undefined;

beforeEach(async () => {
  server = await ScriptedServer.start();
  clock = new FakeClock();
  states = [];
  lastError = undefined;
});

afterEach(async () => {
  client.close();
  await server.stop();
});

function start(options: ConnectOptions = {}): DistributaryClient {
  client = connect(server.url, {
    WebSocket,
    clock,
    random: () => 0.5,
    onStateChange: (state, error) => {
      states.push(state);
      lastError = error ?? lastError;
    },
    ...options,
  });
  return client;
}

const waiting = () => until('the loss to be noticed', () => client.state === 'waiting');
const startOf = (payload: { start?: unknown }) => decodeCursor((payload.start as { cursor: string }).cursor);

async function liveWithOneEvent(): Promise<{ peer: Peer; written: ReturnType<typeof transcript>; id: string }> {
  const written = transcript();
  const { id } = start().subscribe({ patterns: ['monitoring/#'], start: 'earliest' }, written);
  const peer = await server.peer(0);
  expect(await peer.next('subscribe')).toEqual({ id, patterns: ['monitoring/#'], start: 'earliest' });
  peer.send('subscribed', subscribedTo(id));
  peer.send('data', data('', '1', ['a']));
  await until('the first event', () => written.lines.includes('events a'));
  return { peer, written, id };
}

describe('a connection that is not opened', () => {
  it('is given up in time, and the next one is tried', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    clock = new FakeClock();
    client = connect(`ws://127.0.0.1:${port}`, { WebSocket, clock, onStateChange: (_, error) => (lastError = error) });
    const connections = () =>
      new Promise<number>((resolve, reject) => {
        silent.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      });
    await until('the first', async () => (await connections()) === 1);
    clock.advance(9_999);
    expect(client.state).toBe('connecting');
    clock.advance(1);
    expect(client.state).toBe('waiting');
    expect(lastError).toMatchObject({ code: 'connection.lost', retryable: true });
    clock.advance(5_000);
    expect(client.state).toBe('connecting');
    client.close();
    await until('all to be closed', async () => (await connections()) === 0);
    await new Promise((resolve) => silent.close(resolve));
  });
});

describe('a peer that does not answer the close frame', () => {
  it.each<[string, (peer: Peer) => void]>([
    ['the client is closed', () => client.close()],
    ['the client leaves it', (peer) => peer.send('data', data('5', '6', ['z']))],
  ])('is waited for no longer than 2 s when %s', async (_when, leave) => {
    const sockets: WebSocket[] = [];
    class Watched extends WebSocket {
      constructor(url: string, protocols: string) {
        super(url, protocols);
        sockets.push(this);
      }
    }
    const subscription = start({ WebSocket: Watched }).subscribe({ patterns: ['#'] }, {});
    const peer = await server.peer(0);
    await peer.next('subscribe');
    peer.send('subscribed', subscribedTo(subscription.id));
    peer.socket.pause();
    leave(peer);
    const [socket] = sockets;
    await until('the close frame', () => socket.readyState === WebSocket.CLOSING);
    clock.advance(1_999);
    expect(socket.readyState).toBe(WebSocket.CLOSING);
    clock.advance(1);
    await until('the end', () => socket.readyState === WebSocket.CLOSED);
    client.close();
    peer.socket.terminate();
  });

  it('is forgotten when it does', async () => {
    await liveWithOneEvent();
    client.close();
    await until('the answer', () => clock.pendingAlarms === 0);
  });
});

describe('a token that expires', () => {
  const expire = async (peer: Peer) => {
    await peer.next('subscribe');
    peer.socket.close(4401, 'token_expired');
  };

  it('is replaced by the next one, if there is a function that gives it', async () => {
    const tokens = ['first', 'second'];
    start({ token: () => tokens.shift() ?? 'none' }).subscribe({ patterns: ['#'] });
    await expire(await server.peer(0));
    await waiting();
    expect(lastError).toMatchObject({ code: 'auth.expired', retryable: true });
    clock.advance(5_000);
    expect((await (await server.peer(1)).next('hello')).token).toBe('second');
  });

  it('is the end, if there is no other', async () => {
    start({ token: 'only' }).subscribe({ patterns: ['#'] });
    await expire(await server.peer(0));
    await until('the end', () => client.state === 'failed');
    expect(lastError).toMatchObject({ code: 'auth.expired', retryable: false });
  });
});

describe('a token that takes its time', () => {
  // It came before the hello, for which the service closes with 4401, and the client gave up for good.
  it('holds back a subscription that was refused and is asked for again', async () => {
    const given: ((token: string) => void)[] = [];
    const written = transcript();
    const { id } = start({ token: () => new Promise((resolve) => given.push(resolve)) }).subscribe({}, written);
    const peer = await server.peer(0);
    await until('the question for a token', () => given.length === 1);
    given[0]('first');
    await peer.next('subscribe');
    peer.send('error', { id, code: 'gateway.full', message: 'later', retryable: true, retry_after_ms: 10_000 });
    await until('the refusal', () => written.errors.length === 1);
    peer.socket.terminate();
    await waiting();
    clock.advance(5_000);
    await until('the next question for a token', () => given.length === 2);
    clock.advance(5_000);
    given[1]('second');
    const second = await server.peer(1);
    await second.next('subscribe');
    expect(second.received.map(({ type }) => type)).toEqual(['hello', 'subscribe']);
  });
});

describe('a lost connection', () => {
  it('is replaced after the jittered wait, and the subscription goes on where it was', async () => {
    const { peer, written, id } = await liveWithOneEvent();
    peer.socket.terminate();
    await waiting();
    clock.advance(2_549);
    expect(server.peers).toHaveLength(1);
    clock.advance(1);
    const second = await server.peer(1);
    const again = await second.next('subscribe');
    expect(startOf(again)).toEqual({ catalogVersion: 3, positions: atPosition('1') });
    second.send('subscribed', subscribedTo(id, { feed: 9, positions: atPosition('1') }));
    second.send('data', data('1', '2', ['b'], { feed: 9 }));
    await until('the second event', () => written.lines.includes('events b'));
    expect(written.lines).toEqual(['subscribed full', 'events a', 'subscribed full', 'events b']);
    expect(states).toEqual(['connecting', 'open', 'waiting', 'connecting', 'open']);
  });

  it('after a bye comes back when the service said', async () => {
    const { peer } = await liveWithOneEvent();
    peer.send('bye', { code: 4001, reason: 'draining', reconnect_ms: 700 });
    await waiting();
    clock.advance(699);
    expect(states.at(-1)).toBe('waiting');
    clock.advance(1);
    await server.peer(1);
    expect(lastError).toMatchObject({ code: 'connection.lost', status: 4001, message: 'draining (4001)' });
  });

  it.each([
    ['a close frame', (peer: Peer) => peer.socket.close(4403, 'revoked')],
    ['a bye', (peer: Peer) => peer.send('bye', { code: 4403, reason: 'revoked' })],
  ])('with 44xx in %s is final and surfaces everywhere', async (_where, say) => {
    const { peer } = await liveWithOneEvent();
    const waitingSubscription = client.subscribe({});
    const answer = client.publish([{}]);
    const refused = expect(answer).rejects.toMatchObject({ code: 'auth.forbidden' });
    await peer.next('publish');
    say(peer);
    const { error } = await waitingSubscription.ended;
    expect(error).toMatchObject({ code: 'auth.forbidden', status: 4403, retryable: false });
    await refused;
    expect(states.at(-1)).toBe('failed');
    await until('the end of the connection', () => clock.pendingAlarms === 0);
    expect(() => client.subscribe({})).toThrow('closed');
  });

  // It used to connect again: the wait was begun after the callback that had ended it.
  it.each(['connecting', 'open', 'waiting'])('does not come back when it was closed on hearing %p', async (heard) => {
    const { peer } = await liveWithOneEvent();
    client.close();
    const said: string[] = [];
    const other = connect(server.url, {
      WebSocket,
      clock,
      random: () => 0,
      onStateChange: (state) => {
        said.push(state);
        if (state === heard && said.length > 1) other.close();
      },
    });
    const second = await server.peer(1);
    if (heard !== 'open') {
      await until('the connection', () => other.state === 'open');
      second.socket.terminate();
      await until('the loss', () => other.state !== 'open');
      clock.advance(100);
    }
    await until('the end', () => other.state === 'closed');
    // The peer's close frame may be under way still; a wait before the next attempt would stay for ever.
    await until('the end of the connections', () => clock.pendingAlarms === 0);
    expect(server.peers).toHaveLength(2);
    expect(peer.payloads('subscribe')).toHaveLength(1);
  });

  it('is tried again and again while nobody listens', async () => {
    const { port } = server;
    await server.stop();
    start();
    await waiting();
    expect(lastError?.message).toContain('ECONNREFUSED');
    server = await ScriptedServer.start(port);
    clock.advance(5_000);
    await server.peer(0);
    await until('the connection', () => client.state === 'open');
  });

  it.each(['no json', '[1]', '{"type":1,"payload":{}}', 'null'])('follows a message like %p', async (text) => {
    const { peer } = await liveWithOneEvent();
    peer.socket.send(text);
    await waiting();
    expect(lastError).toMatchObject({ code: 'protocol.violation' });
  });

  it('follows a frame of a lane without a name', async () => {
    const { peer } = await liveWithOneEvent();
    peer.send('data', data('', '2', [], { lane: 'nothing' }));
    await waiting();
    expect(lastError?.message).toBe('not a lane: nothing');
  });
});

describe('silence', () => {
  it('is tested with a ping, and an answer is enough', async () => {
    const { peer, written } = await liveWithOneEvent();
    clock.advance(60_000);
    await peer.next('ping');
    peer.send('pong', { echo: {}, server_time: '' });
    peer.send('data', data('1', '2', ['b']));
    await until('the event', () => written.lines.includes('events b'));
    clock.advance(59_000);
    expect(client.state).toBe('open');
  });

  it('after the ping too means that the connection is gone', async () => {
    const { peer } = await liveWithOneEvent();
    clock.advance(60_000);
    await peer.next('ping');
    clock.advance(10_000);
    expect(client.state).toBe('waiting');
    expect(lastError?.message).toBe('the service fell silent');
  });
});

describe('the sequence of a lane', () => {
  it('shows a gap, and what follows it continues from its end', async () => {
    const { peer, written, id } = await liveWithOneEvent();
    peer.send('gap', gap(id, '1', '5', { count: 4, count_exact: true }));
    peer.send('data', data('5', '6', ['f']));
    await until('the event after the gap', () => written.lines.includes('events f'));
    expect(written.lines.slice(2)).toEqual(['gap slow 1..5', 'events f']);
  });

  it.each([
    [
      'a frame that skips',
      (peer: Peer, id: string) => (peer.send('data', data('3', '4', ['d'])), id),
      'gap chain 1..3',
    ],
    [
      'a frame that comes twice',
      (peer: Peer, id: string) => (peer.send('data', data('', '1', ['a'])), id),
      'gap chain 1..',
    ],
    [
      'another epoch that nobody announced',
      (peer: Peer, id: string) => (peer.send('data', data('1', '2', ['b'], { epoch: 'e2' })), id),
      'gap chain 1..1',
    ],
    [
      'a gap that begins later',
      (peer: Peer, id: string) => (peer.send('gap', gap(id, '3', '4')), id),
      'gap chain 1..3',
    ],
    [
      'a new answer that is ahead',
      (peer: Peer, id: string) => (peer.send('subscribed', subscribedTo(id, { positions: atPosition('9') })), id),
      'gap chain 1..9',
    ],
  ])('is broken by %s: it is told, and the client comes back with its cursor', async (_what, say, line) => {
    const { peer, written, id } = await liveWithOneEvent();
    say(peer, id);
    await waiting();
    await until('the gap', () => written.lines.includes(line));
    expect(lastError).toMatchObject({ code: 'protocol.violation', retryable: true });
    clock.advance(5_000);
    const again = await (await server.peer(1)).next('subscribe');
    expect(startOf(again).positions).toEqual(atPosition('1'));
  });

  it('continues in a new feed', async () => {
    const { peer, written, id } = await liveWithOneEvent();
    peer.send('subscribed', subscribedTo(id, { feed: 8, positions: atPosition('1') }));
    peer.send('data', data('1', '2', ['lost'], { feed: 7 }));
    peer.send('data', data('1', '2', ['b'], { feed: 8 }));
    await until('the event of the new feed', () => written.lines.includes('events b'));
    expect(written.lines).not.toContain('events lost');
  });

  it('takes a new epoch that a gap announced', async () => {
    const { peer, written, id } = await liveWithOneEvent();
    peer.send('gap', gap(id, '1', '', { epoch: 'e2', reason: 'epoch' }));
    peer.send('data', data('', '1', ['new'], { epoch: 'e2' }));
    await until('the event of the new epoch', () => written.lines.includes('events new'));
  });
});

describe('a snapshot', () => {
  it('is followed by live events, and a cut in its middle begins it anew', async () => {
    const written = transcript();
    const subscription = start().subscribe({ start: 'snapshot' }, written);
    const { id } = subscription;
    const peer = await server.peer(0);
    peer.send('subscribed', subscribedTo(id, { recovered: 'snapshot', positions: atPosition('4') }));
    peer.send('snapshot', snapshot('4', ['k1'], false));
    await until('the first part', () => written.lines.includes('snapshot k1'));
    expect(subscription.cursor).toBeUndefined();
    peer.socket.terminate();
    await waiting();
    clock.advance(5_000);
    const second = await server.peer(1);
    expect(await second.next('subscribe')).toEqual({ id, start: 'snapshot' });
    second.send('subscribed', subscribedTo(id, { recovered: 'snapshot', positions: atPosition('6') }));
    second.send('snapshot', snapshot('6', ['k1'], false));
    second.send('snapshot', snapshot('6', ['k2'], true));
    second.send('data', data('6', '7', ['x']));
    await until('the live event', () => written.lines.includes('events x'));
    expect(written.lines.slice(2)).toEqual(['subscribed snapshot', 'snapshot k1', 'last snapshot k2', 'events x']);
    await until('the cursor', () => subscription.cursor !== undefined);
    expect(decodeCursor(subscription.cursor ?? '').positions).toEqual(atPosition('7'));
  });

  it('of nothing is complete once the service says live', async () => {
    const written = transcript();
    const subscription = start().subscribe({ start: 'snapshot' }, written);
    const peer = await server.peer(0);
    peer.send('subscribed', subscribedTo(subscription.id, { recovered: 'snapshot', positions: atPosition('4') }));
    peer.send('status', { id: subscription.id, state: 'recovering' });
    peer.send('status', { state: 'live' });
    await until('the cursor', () => subscription.cursor !== undefined);
    expect(written.lines).toEqual(['subscribed snapshot', 'status recovering', 'status live']);
  });

  it('of the past is for another member of the feed', async () => {
    const { peer, written } = await liveWithOneEvent();
    peer.send('data', data('1', '5', ['e']));
    peer.send('snapshot', snapshot('3', ['old'], true));
    peer.send('data', data('5', '6', ['f']));
    await until('the next event', () => written.lines.includes('events f'));
    expect(written.lines.join()).not.toContain('old');
  });
});
