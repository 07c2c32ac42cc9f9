import { FakeClock, until } from '@distributary/distribution-core/testing';
import { WebSocket } from 'ws';
import type { DistributaryClient } from './client.js';
import { connect } from './connect.js';
import { decodeCursor } from './cursor-codec.js';
import type { SubscribeOptions, SubscriptionHandlers } from './options.js';
import type { Subscription } from './subscription.js';
import { atPosition, data, position, snapshot, subscribedTo } from './testing/frames.js';
import { type Peer, ScriptedServer } from './testing/scripted-server.js';
import { transcript } from './testing/transcript.js';
import type { WebSocketConstructor } from './web-socket/web-socket.js';

let server: ScriptedServer;
let client: DistributaryClient;
let clock: FakeClock;

beforeEach(async () => {
  server = await ScriptedServer.start();
  clock = new FakeClock();
  client = connect(server.url, { WebSocket, clock, random: () => 0 });
});

afterEach(async () => {
  client.close();
  await server.stop();
});

/** A consumer that hangs until it is told to go on. */
function gate(): { readonly seen: string[]; open: () => void } & SubscriptionHandlers {
  const seen: string[] = [];
  const waiting: (() => void)[] = [];
  return {
    seen,
    open: () => waiting.shift()?.(),
    onEvents: async (batch) => {
      seen.push(batch.position);
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    },
  };
}

async function live(
  options: SubscribeOptions,
  handlers?: SubscriptionHandlers,
  rest: Parameters<typeof subscribedTo>[1] = {},
): Promise<{ subscription: Subscription; peer: Peer }> {
  const subscription = client.subscribe(options, handlers);
  const peer = await server.peer(0);
  await until('subscribe', () => peer.payloads('subscribe').some(({ id }) => id === subscription.id));
  peer.send('subscribed', subscribedTo(subscription.id, rest));
  return { subscription, peer };
}

const positionsOf = (subscription: Subscription) =>
  subscription.cursor === undefined ? [] : decodeCursor(subscription.cursor).positions;

describe('subscriptions of one connection', () => {
  it('that share a feed are each given its frames', async () => {
    const [first, second] = [transcript(), transcript()];
    const { peer } = await live({}, first);
    const other = await live({}, second);
    peer.send('data', data('', '1', ['a']));
    await until('both', () => first.lines.includes('events a') && second.lines.includes('events a'));
    other.subscription.close();
    expect(await peer.next('unsubscribe')).toEqual({ id: other.subscription.id });
    peer.send('data', data('1', '2', ['b']));
    await until('the one that is left', () => first.lines.includes('events b'));
    expect(second.lines).not.toContain('events b');
    expect(await other.subscription.ended).toEqual({});
  });

  it('are told apart by their errors', async () => {
    const [first, second] = [transcript(), transcript()];
    const { peer, subscription } = await live({}, first);
    await until('live', () => first.lines.length > 0);
    const refused = client.subscribe({ filter: 'nonsense' }, second);
    peer.send('error', { id: refused.id, code: 'request.invalid', message: 'filter: no', retryable: false });
    expect((await refused.ended).error).toMatchObject({ code: 'request.invalid', message: 'filter: no' });
    peer.send('error', { id: subscription.id, code: 'generation.stale', message: 'taken over', retryable: false });
    await until('the error', () => first.errors.length > 0);
    expect(first.errors[0]).toMatchObject({ code: 'generation.stale' });
  });

  it('are asked for again after the time that the service named', async () => {
    const written = transcript();
    const subscription = client.subscribe({}, written);
    const peer = await server.peer(0);
    await peer.next('subscribe');
    const busy = { code: 'gateway.full', message: 'later', retryable: true, retry_after_ms: 300 };
    peer.send('error', { id: subscription.id, ...busy });
    await until('the error', () => written.errors.length === 1);
    clock.advance(300);
    await peer.next('subscribe');
  });
});

describe('the cursor', () => {
  it('stands at what the handler has finished, not at what has arrived', async () => {
    const consumer = gate();
    const { subscription, peer } = await live({}, consumer);
    peer.send('data', data('', '1', ['a']));
    peer.send('position', position('1', '3'));
    await until('the handler to begin', () => consumer.seen.length === 1);
    expect(positionsOf(subscription)).toEqual(atPosition(''));
    consumer.open();
    await until('the positions', () => positionsOf(subscription)[0]?.position === '3');
  });

  it('does not pass a batch whose handler failed, and the subscription ends', async () => {
    const { subscription, peer } = await live(
      {},
      {
        onEvent: (event) => {
          if (event.event_id === 'b') throw new Error('disk full');
        },
      },
    );
    peer.send('data', data('', '1', ['a']));
    peer.send('data', data('1', '2', ['b']));
    peer.send('data', data('2', '3', ['c']));
    expect((await subscription.ended).error).toMatchObject({ code: 'handler.failed', message: 'disk full' });
    expect(positionsOf(subscription)).toEqual(atPosition('1'));
    await peer.next('unsubscribe');
  });
});

describe('iterating', () => {
  it('gives messages in order, and the next one is the receipt of the one before', async () => {
    const { subscription, peer } = await live({});
    peer.send('data', data('', '1', ['a']));
    peer.send('status', { id: subscription.id, state: 'slow' });
    peer.send('data', data('1', '2', ['b']));
    const types: string[] = [];
    for await (const message of subscription) {
      types.push(message.type);
      if (message.type === 'events' && message.position === '2') {
        expect(positionsOf(subscription)).toEqual(atPosition('1'));
        break;
      }
    }
    expect(types).toEqual(['subscribed', 'events', 'status', 'events']);
    await peer.next('unsubscribe');
  });

  it('throws what ended the subscription', async () => {
    const { subscription, peer } = await live({});
    peer.send('bye', { code: 4409, reason: 'taken' });
    const all = async () => {
      for await (const message of subscription) expect(message.type).toBe('subscribed');
    };
    await expect(all()).rejects.toMatchObject({ code: 'subscription.taken' });
  });

  it('ends with the client', async () => {
    const { subscription } = await live({});
    const next = subscription[Symbol.asyncIterator]();
    client.close();
    expect(await next.next()).toEqual({ done: true, value: undefined });
    await expect(client.publish([])).rejects.toMatchObject({ code: 'connection.closed' });
  });

  it('is refused next to handlers', async () => {
    const { subscription } = await live({}, {});
    expect(() => subscription[Symbol.asyncIterator]()).toThrow('cannot be iterated');
  });
});

describe('credit', () => {
  it('is given back in halves as the handler finishes, so that a hanging one stops the flow', async () => {
    const consumer = gate();
    const { peer } = await live({ credit: 4 }, consumer);
    expect(peer.payloads('subscribe')[0].credit).toBe(4);
    for (const [prev, pos] of [
      ['', '1'],
      ['1', '2'],
      ['2', '3'],
      ['3', '4'],
    ])
      peer.send('data', data(prev, pos, [pos]));
    await until('the first', () => consumer.seen.length === 1);
    consumer.open();
    await until('the second', () => consumer.seen.length === 2);
    expect(peer.payloads('credit')).toEqual([]);
    consumer.open();
    expect((await peer.next('credit')).events).toBe(2);
  });

  it('is given back to the last event when nothing waits, lest both sides wait', async () => {
    const { peer } = await live({ credit: 100 }, transcript());
    peer.send('data', data('', '1', ['a']));
    expect((await peer.next('credit')).events).toBe(1);
  });

  // It was never given back: after as many drops as there was credit, nothing came any more.
  it('is given back for what a transformation dropped, too, and for what is no event', async () => {
    const { peer } = await live({ credit: 8 }, transcript());
    peer.send('data', data('', '1', [], { dropped: 4 }));
    expect((await peer.next('credit')).events).toBe(4);
    peer.send('data', data('1', '2', ['a'], { events: ['no event', { event_id: 'a' }] }));
    expect((await peer.next('credit')).events).toBe(2);
    peer.send('snapshot', snapshot('2', ['a'], true, { dropped: 3 }));
    expect((await peer.next('credit')).events).toBe(4);
  });

  it('counts what still waits here when the connection is replaced', async () => {
    const consumer = gate();
    const { peer } = await live({ credit: 3 }, consumer);
    peer.send('data', data('', '1', ['a', 'b']));
    await until('the handler', () => consumer.seen.length === 1);
    peer.socket.terminate();
    await until('the loss', () => client.state === 'waiting');
    clock.advance(100);
    expect((await (await server.peer(1)).next('subscribe')).credit).toBe(1);
  });

  it('that is used up holds the new subscribe back until the consumer moves', async () => {
    const consumer = gate();
    const { peer } = await live({ credit: 1 }, consumer);
    peer.send('data', data('', '1', ['a']));
    await until('the handler', () => consumer.seen.length === 1);
    peer.socket.terminate();
    await until('the loss', () => client.state === 'waiting');
    clock.advance(100);
    const second = await server.peer(1);
    await second.next('hello');
    expect(second.payloads('subscribe')).toEqual([]);
    consumer.open();
    expect((await second.next('subscribe')).credit).toBe(1);
  });
});

describe('without credit', () => {
  /** By a socket that cannot stop reading, as those of browsers. */
  const connectUnstoppable = () => {
    class Unstoppable extends WebSocket {}
    Object.assign(Unstoppable.prototype, { pause: undefined });
    client.close();
    client = connect(server.url, { WebSocket: Unstoppable as WebSocketConstructor, clock });
  };

  it('reading stops at the limit and goes on at half of it', async () => {
    const consumer = gate();
    const { peer } = await live({ maxQueuedEvents: 4 }, consumer);
    for (let n = 1; n <= 20; n += 1) {
      peer.send('data', data(n === 1 ? '' : String(n - 1).padStart(2, '0'), String(n).padStart(2, '0'), ['x']));
    }
    await until('the first', () => consumer.seen.length === 1);
    for (let n = 1; n <= 20; n += 1) {
      await until(`frame ${n}`, () => consumer.seen.length === n);
      consumer.open();
    }
    // The watchdog slept while reading was stopped and is awake again.
    clock.advance(60_000);
    await peer.next('ping');
  });

  it('a socket that cannot stop reading ends the subscription that is behind, and only that', async () => {
    connectUnstoppable();
    const consumer = gate();
    const slow = client.subscribe({ maxQueuedEvents: 2 }, consumer);
    const fast = transcript();
    const other = client.subscribe({}, fast);
    const peer = await until('the connection', () =>
      server.peers.find((one) => one.payloads('subscribe').length === 2),
    );
    peer.send('subscribed', subscribedTo(slow.id));
    peer.send('subscribed', subscribedTo(other.id));
    peer.send('data', data('', '1', ['a', 'b']));
    peer.send('data', data('1', '2', ['c', 'd']));
    peer.send('data', data('2', '3', ['e', 'f']));
    expect((await slow.ended).error).toMatchObject({ code: 'consumer.too_slow' });
    await until('the other', () => fast.lines.includes('events e,f'));
  });

  it('what a transformation dropped does not count as waiting', async () => {
    connectUnstoppable();
    const consumer = gate();
    const subscription = client.subscribe({ maxQueuedEvents: 2 }, consumer);
    const peer = await until('the connection', () =>
      server.peers.find((one) => one.payloads('subscribe').length === 1),
    );
    peer.send('subscribed', subscribedTo(subscription.id));
    for (const [prev, pos] of [
      ['', '1'],
      ['1', '2'],
      ['2', '3'],
    ])
      peer.send('data', data(prev, pos, [], { dropped: 50 }));
    for (let frame = 1; frame <= 3; frame++) {
      await until(`frame ${frame}`, () => consumer.seen.length === frame);
      consumer.open();
    }
    await until('the cursor', () => positionsOf(subscription)[0]?.position === '3');
  });

  it('idle positions of a hanging consumer replace each other', async () => {
    const consumer = gate();
    const { subscription, peer } = await live({ maxQueuedEvents: 1_000 }, consumer);
    peer.send('data', data('', '00000', ['a']));
    await until('the handler', () => consumer.seen.length === 1);
    const text = (n: number) => String(n).padStart(5, '0');
    for (let n = 1; n <= 3_000; n += 1) peer.send('position', position(text(n - 1), text(n)));
    peer.send('data', data(text(3_000), text(3_001), ['b']));
    consumer.open();
    await until('what came after 3000 positions', () => consumer.seen.includes(text(3_001)));
    expect(positionsOf(subscription)[0]?.position).toBe(text(3_000));
  });
});

describe('acknowledging', () => {
  const durable: SubscribeOptions = { name: 'desk', deliveryGuarantee: 'at_least_once' };

  it('goes up to what is finished, with the generation, and says nothing twice', async () => {
    const written = transcript();
    const { subscription, peer } = await live(durable, written, { generation: 5 });
    peer.send('data', data('', '1', ['a']));
    await until('the cursor', () => positionsOf(subscription)[0]?.position === '1');
    subscription.ack();
    subscription.ack();
    peer.send('data', data('1', '2', ['b']));
    await until('the cursor', () => positionsOf(subscription)[0]?.position === '2');
    subscription.ack();
    await until('two acks', () => peer.payloads('ack').length >= 2);
    const { id } = subscription;
    expect(peer.payloads('ack')).toEqual([
      { id, generation: 5, positions: atPosition('1') },
      { id, generation: 5, positions: atPosition('2') },
    ]);
  });

  // What was dealt with behind it would have stood for it, and it would never have come again.
  it('stops where something was refused until that has come again, by itself and by hand', async () => {
    const seen: string[] = [];
    const options = { ...durable, autoAck: true };
    const handlers = { onEvents: (batch: { readonly position: string }) => void seen.push(batch.position) };
    const { subscription, peer } = await live(options, handlers, { generation: 5 });
    const { id } = subscription;
    peer.send('data', data('', '1', ['a']));
    await until('the cursor', () => positionsOf(subscription)[0]?.position === '1');
    subscription.nack();
    expect(await peer.next('nack')).toEqual({ id, generation: 5, positions: atPosition('') });
    peer.send('data', data('1', '2', ['b']));
    await until('the cursor', () => positionsOf(subscription)[0]?.position === '2');
    clock.advance(1_000);
    subscription.ack();
    // Another lane went back, this one waits for its pause.
    peer.send('subscribed', subscribedTo(id, { generation: 5, positions: atPosition('2') }));
    subscription.nack();
    await peer.next('nack');
    expect(peer.payloads('ack')).toEqual([]);
    peer.send('subscribed', subscribedTo(id, { generation: 5 }));
    peer.send('data', data('', '2', ['a', 'b']));
    await until('both again', () => seen.length === 3);
    clock.advance(200);
    expect((await peer.next('ack')).positions).toEqual(atPosition('2'));
  });

  it('begins anew with another owner, who sends what was refused again', async () => {
    const written = transcript();
    const { subscription, peer } = await live({ ...durable, autoAck: true }, written, { generation: 5 });
    peer.send('data', data('', '1', ['a']));
    await until('the cursor', () => positionsOf(subscription)[0]?.position === '1');
    subscription.nack();
    peer.send('subscribed', subscribedTo(subscription.id, { generation: 6 }));
    peer.send('data', data('', '2', ['a', 'b']));
    await until('the cursor', () => positionsOf(subscription)[0]?.position === '2');
    clock.advance(200);
    expect(await peer.next('ack')).toMatchObject({ generation: 6, positions: atPosition('2') });
  });

  it('happens by itself, at most every 200 ms', async () => {
    const { subscription, peer } = await live({ ...durable, autoAck: true }, transcript(), { generation: 1 });
    peer.send('data', data('', '1', ['a']));
    peer.send('data', data('1', '2', ['b']));
    await until('the cursor', () => positionsOf(subscription)[0]?.position === '2');
    expect(peer.payloads('ack')).toEqual([]);
    clock.advance(200);
    expect((await peer.next('ack')).positions).toEqual(atPosition('2'));
    expect(peer.payloads('ack')).toHaveLength(1);
  });

  it('is repeated to a new owner with its generation', async () => {
    const { subscription, peer } = await live(durable, transcript(), { generation: 1 });
    peer.send('data', data('', '1', ['a']));
    await until('the cursor', () => positionsOf(subscription)[0]?.position === '1');
    peer.socket.terminate();
    await until('the loss', () => client.state === 'waiting');
    expect(subscription.generation).toBeUndefined();
    subscription.ack();
    clock.advance(100);
    const second = await server.peer(1);
    second.send('subscribed', subscribedTo(subscription.id, { generation: 2, positions: atPosition('1') }));
    await second.next('subscribe');
    second.send('subscribed', subscribedTo(subscription.id, { generation: 2, positions: atPosition('1') }));
    expect(await second.next('ack')).toEqual({ id: subscription.id, generation: 2, positions: atPosition('1') });
  });

  it('says nothing of what an owner that began earlier has not sent yet, and says it once it has', async () => {
    const { subscription, peer } = await live({ ...durable, autoAck: true }, transcript(), { generation: 1 });
    peer.send('data', data('', '1', ['a']));
    peer.send('data', data('1', '2', ['b']));
    await until('the cursor', () => positionsOf(subscription)[0]?.position === '2');
    clock.advance(200);
    await peer.next('ack');
    peer.socket.terminate();
    await until('the loss', () => client.state === 'waiting');
    clock.advance(100);
    const second = await server.peer(1);
    await second.next('subscribe');
    second.send('subscribed', subscribedTo(subscription.id, { generation: 2 }));
    for (const [prev, pos] of [
      ['', '1'],
      ['1', '2'],
    ]) {
      second.send('data', data(prev, pos, ['again']));
      await until('the batch', () => subscription.generation === 2 && positionsOf(subscription)[0]?.position === pos);
      clock.advance(200);
      await until('an acknowledgement', () =>
        second.payloads('ack').some(({ positions }) => positions?.[0].position === pos),
      );
    }
    const { id } = subscription;
    expect(second.payloads('ack')).toEqual([
      { id, generation: 2, positions: atPosition('1') },
      { id, generation: 2, positions: atPosition('2') },
    ]);
  });

  it('is repeated to the same owner when that has gone back and sends it again', async () => {
    const { subscription, peer } = await live({ ...durable, autoAck: true }, transcript(), { generation: 1 });
    const acknowledged = (times: number) =>
      until(`acknowledgement ${times}`, () => {
        clock.advance(200);
        return peer.payloads('ack').length === times;
      });
    peer.send('data', data('', '1', ['a']));
    await acknowledged(1);
    peer.send('subscribed', subscribedTo(subscription.id, { generation: 1 }));
    peer.send('data', data('', '1', ['a']));
    await acknowledged(2);
    expect(peer.payloads('ack')[1]).toEqual({ id: subscription.id, generation: 1, positions: atPosition('1') });
  });

  it('is sent before leaving', async () => {
    const { subscription, peer } = await live({ ...durable, autoAck: true }, transcript(), { generation: 1 });
    peer.send('data', data('', '1', ['a']));
    await until('the cursor', () => positionsOf(subscription)[0]?.position === '1');
    subscription.close();
    await peer.next('unsubscribe');
    expect(peer.received.slice(-2).map(({ type }) => type)).toEqual(['ack', 'unsubscribe']);
  });

  it('needs a name', async () => {
    const { subscription } = await live({}, transcript());
    expect(() => subscription.ack()).toThrow('only a named subscription');
  });
});

describe('copies', () => {
  it('within the window are dropped, their positions are not', async () => {
    const written = transcript();
    const { subscription, peer } = await live({ dedupe: 2 }, written);
    peer.send('data', data('', '1', ['a', 'b', 'a']));
    peer.send('data', data('1', '2', ['b', 'c']));
    peer.send('data', data('2', '3', ['c']));
    peer.send('snapshot', snapshot('3', ['c'], true));
    peer.send('data', data('3', '4', ['a'], { events: [{ event_id: 'a' }, { no: 'id' }, 'no event'] }));
    await until('the last', () => positionsOf(subscription)[0]?.position === '4');
    expect(written.lines.slice(1)).toEqual(['events a,b', 'events c', 'last snapshot c', 'events a,']);
  });

  // It was dropped as a copy of itself, and the next acknowledgement said that it was dealt with.
  it('are not what comes again because it was refused, be it in hand or dealt with', async () => {
    const consumer = gate();
    const { subscription, peer } = await live({ name: 'desk', dedupe: true }, consumer, { generation: 5 });
    const sendAgain = () => {
      peer.send('subscribed', subscribedTo(subscription.id, { generation: 5 }));
      peer.send('data', data('', '1', ['a']));
    };
    peer.send('data', data('', '1', ['a']));
    await until('the event', () => consumer.seen.length === 1);
    subscription.nack();
    consumer.open();
    sendAgain();
    await until('it again', () => consumer.seen.length === 2);
    consumer.open();
    await until('it to be dealt with', () => positionsOf(subscription)[0]?.position === '1');
    subscription.nack();
    sendAgain();
    await until('it once more', () => consumer.seen.length === 3);
  });

  it('of conflated keys still tell which keys left', async () => {
    const left: unknown[] = [];
    const { peer } = await live({ dedupe: true }, { onEvents: (batch) => void left.push(batch) });
    peer.send('data', data('', '1', ['a']));
    peer.send('data', data('1', '2', ['a'], { left: ['k'], merged: 3 }));
    await until('both', () => left.length === 2);
    expect(left[1]).toMatchObject({ events: [], left: ['k'], merged: 3, isMergedExact: false });
  });
});
