import { FakeClock, until } from '@distributary/distribution-core/testing';
import { WebSocket } from 'ws';
import type { DistributaryClient } from './client.js';
import { connect } from './connect.js';
import { decodeCursor } from './cursor-codec.js';
import type { EventBatch } from './messages.js';
import type { SubscribeOptions, SubscriptionHandlers } from './options.js';
import { data, subscribedTo } from './testing/frames.js';
import { ScriptedServer } from './testing/scripted-server.js';

describe('events that are acknowledged one by one', () => {
  let server: ScriptedServer;
  let client: DistributaryClient;
  beforeEach(async () => {
    server = await ScriptedServer.start();
    client = connect(server.url, { WebSocket, clock: new FakeClock(), random: () => 0 });
  });
  afterEach(async () => {
    client.close();
    await server.stop();
  });

  const live = async (options: SubscribeOptions, handlers: SubscriptionHandlers) => {
    const subscription = client.subscribe({ name: 'billing', type: 'shared', ...options }, handlers);
    const peer = await server.peer(0);
    await until('subscribe', () => peer.payloads('subscribe').length > 0);
    peer.send('subscribed', subscribedTo(subscription.id, { positions: [], generation: 4, max_unacked: 10 }));
    return { subscription, peer };
  };
  const single = (ids: readonly string[], attempt?: number) =>
    data('', '', ids, { positions: ids.map((_, index) => `1${index}`), ...(attempt !== undefined && { attempt }) });

  it('are asked for with how they are to be delivered', async () => {
    const { peer } = await live({ ackTimeoutMs: 5_000, maxAttempts: 3, maxUnacked: 10 }, {});
    expect(peer.payloads('subscribe')[0]).toMatchObject({
      type: 'shared',
      ack_timeout_ms: 5_000,
      max_attempts: 3,
      max_unacked: 10,
    });
  });

  it('say how often they came, and move no position', async () => {
    const batches: EventBatch[] = [];
    const { subscription, peer } = await live({}, { onEvents: (batch) => void batches.push(batch) });
    peer.send('data', single(['a', 'b'], 2));
    peer.send('data', single(['c']));
    await until('both', () => batches.length === 2);
    expect(batches.map(({ isSingle, attempt, position }) => [isSingle, attempt, position])).toEqual([
      [true, 2, ''],
      [true, undefined, ''],
    ]);
    expect(decodeCursor(subscription.cursor as string).positions).toEqual([]);
  });

  it('are acknowledged and refused by their ids', async () => {
    const seen: EventBatch[] = [];
    const { subscription, peer } = await live({}, { onEvents: (batch) => void seen.push(batch) });
    peer.send('data', single(['a', 'b', 'c']));
    await until('the events', () => seen.length === 1);
    const [a, b, c] = seen[0].events;
    subscription.ackEvents([a]);
    subscription.nackEvents([b], 250);
    subscription.nackEvents([c]);
    const id = subscription.id;
    expect(await peer.next('ack')).toEqual({ id, generation: 4, event_ids: ['a'] });
    expect(await peer.next('nack')).toEqual({ id, generation: 4, event_ids: ['b'], delay_ms: 250 });
    expect(await peer.next('nack')).toEqual({ id, generation: 4, event_ids: ['c'] });
  });

  it('are acknowledged when the handler is through, copies included', async () => {
    const { subscription, peer } = await live({ autoAck: true, dedupe: true }, { onEvent: () => undefined });
    peer.send('data', single(['a', 'b']));
    expect(await peer.next('ack')).toMatchObject({ id: subscription.id, event_ids: ['a', 'b'] });
    peer.send('data', single(['a'], 2));
    expect(await peer.next('ack')).toMatchObject({ event_ids: ['a'] });
  });

  it('are no copies when they come again because they were refused', async () => {
    const seen: unknown[] = [];
    const { subscription, peer } = await live(
      { dedupe: true },
      { onEvent: ({ event_id }) => void seen.push(event_id) },
    );
    peer.send('data', single(['a', 'b']));
    await until('both', () => seen.length === 2);
    subscription.nackEvents([{ event_id: 'a' }]);
    await peer.next('nack');
    peer.send('data', single(['a', 'b'], 2));
    peer.send('data', single(['c']));
    await until('the last', () => seen.includes('c'));
    expect(seen).toEqual(['a', 'b', 'a', 'c']);
  });

  it('cost the credit that what stands in their place gives back', async () => {
    const { peer } = await live({ credit: 10 }, {});
    peer.send('data', { ...single(['a', 'b', 'c']), events: [{ event_id: 'a' }, 'no event', 7], dropped: 2 });
    expect((await peer.next('credit')).events).toBe(3);
  });

  it('are the service’s to send again while there is no connection', async () => {
    const { subscription } = await live({}, {});
    await until('live', () => subscription.generation === 4);
    client.close();
    expect(() => subscription.ackEvents([{ event_id: 'a' }])).not.toThrow();
  });

  it('are not to be had without a name', async () => {
    const subscription = client.subscribe({}, {});
    expect(() => subscription.ackEvents([{ event_id: 'a' }])).toThrow('only a named subscription');
  });

  it('in order instead, everything that is not acknowledged is asked for again', async () => {
    const { subscription, peer } = await live({ type: 'exclusive' }, {});
    await until('live', () => subscription.generation === 4);
    subscription.nack(100);
    expect(await peer.next('nack')).toEqual({ id: subscription.id, generation: 4, positions: [], delay_ms: 100 });
  });
});
