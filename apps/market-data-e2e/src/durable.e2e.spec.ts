import { randomUUID } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import { ask, idsOf, reopened, type Selection, webSocketDoor } from '@distributary/distribution-service/testing';
import { marketClient } from './doors/grpc.js';
import { aSymbol, trades } from './events.js';
import { TestApp } from './harness.js';

const TRADES = 'market-data/normalized/equities';

describe('a durable subscription to market data', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('begins where it was to begin: LATEST, EARLIEST, MESSAGE_ID', async () => {
    const symbol = aSymbol();
    const sent = trades(symbol, 4);
    const live = await webSocketDoor.open(app, { patterns: [TRADES], symbols: [symbol] });
    await live.record.next('subscribed');
    await app.publish(sent[0]);
    await live.record.events(1);
    const messageId = live.record.cursor('s');
    await app.publish(sent[1]);
    await live.record.events(2);
    await live.close();
    const client = marketClient(app);
    const create = async (start_position: string, more: object = {}) => {
      const subscription = randomUUID();
      const filters = [{ field: 'symbol', operator: 'eq', values: [{ text: symbol }] }];
      await ask(app, client, 'ManageSubscription', {
        ...{ action: 'CREATE', subscription, topic: TRADES, filters, start_position },
        ...more,
      });
      return subscription;
    };
    const names = [
      await create('LATEST'),
      await create('EARLIEST'),
      await create('MESSAGE_ID', { message_id: messageId }),
    ];
    client.close();
    await app.publish(...sent.slice(2));
    const first = [2, 0, 1];
    for (const [index, name] of names.entries()) {
      const wanted = sent.slice(first[index]);
      const reader = await webSocketDoor.open(app, { name, patterns: [TRADES], filter: `symbol == "${symbol}"` });
      expect(idsOf(await reader.record.events(wanted.length))).toEqual(idsOf(wanted));
      await reader.close();
    }
  });

  it('that is exclusive belongs to one session', async () => {
    const subscription: Selection = { name: randomUUID(), type: 'exclusive', symbols: [aSymbol()] };
    const owner = await webSocketDoor.open(app, subscription);
    await owner.record.next('subscribed');
    const other = await webSocketDoor.open(app, subscription);
    expect(await other.record.next('error')).toMatchObject({ id: 's', code: 'subscription.taken', retryable: true });
    await Promise.all([owner.close(), other.close()]);
  });

  it('that is failover passes to the session that waits', async () => {
    const symbol = aSymbol();
    const subscription: Selection = { name: randomUUID(), type: 'failover', symbols: [symbol] };
    const first = await webSocketDoor.open(app, subscription);
    await first.record.next('subscribed');
    const second = await webSocketDoor.open(app, subscription);
    expect(await second.record.next('status')).toEqual({ id: 's', state: 'recovering' });
    await first.close();
    await second.record.next('subscribed');
    const sent = trades(symbol, 2);
    await app.publish(...sent);
    expect(idsOf(await second.record.events(2))).toEqual(idsOf(sent));
    await second.close();
  });

  it.each([
    ['at_most_once', 2],
    ['at_least_once', 0],
    ['exactly_once', 0],
  ] as const)('sends what was not acknowledged as it was asked to: %s', async (delivery_guarantee, again) => {
    const symbol = aSymbol();
    const name = randomUUID();
    const subscription: Selection = { name, delivery_guarantee, symbols: [symbol], start: 'earliest' };
    const sent = trades(symbol, 4);
    const first = await reopened(webSocketDoor, app, subscription);
    await app.publish(...sent.slice(0, 2));
    await first.record.events(2);
    await first.close();
    // Also what a producer sends again takes effect once.
    await app.publish(sent[1], ...sent.slice(2));
    const second = await reopened(webSocketDoor, app, subscription);
    const wanted = sent.slice(again);
    expect(idsOf(await second.record.events(wanted.length))).toEqual(idsOf(wanted));
    await second.close();
  });

  it('that is paused receives nothing until it is resumed', async () => {
    const [symbol, name] = [aSymbol(), randomUUID()];
    const client = marketClient(app);
    const manage = (action: string) => ask(app, client, 'ManageSubscription', { action, subscription: name });
    const owner = await reopened(webSocketDoor, app, { name, symbols: [symbol], start: 'earliest' });
    expect(await manage('PAUSE')).toMatchObject({ status: 'paused' });
    await until('its end', () => owner.record.of('error').some(({ code }) => code === 'subscription.paused'));
    await owner.close();
    const sent = trades(symbol, 2);
    await app.publish(...sent);
    const refused = await webSocketDoor.open(app, { name, symbols: [symbol] });
    expect(await refused.record.next('error')).toMatchObject({ code: 'subscription.paused' });
    await refused.close();
    expect(await manage('RESUME')).toMatchObject({ status: 'active' });
    client.close();
    const again = await reopened(webSocketDoor, app, { name, symbols: [symbol] });
    expect(idsOf(await again.record.events(2))).toEqual(idsOf(sent));
    await again.close();
  });

  it('and one that is not share a connection, which says what it cannot do', async () => {
    const [one, other] = [aSymbol(), aSymbol()];
    const stream = await webSocketDoor.connect(app);
    stream.send('subscribe', { id: 'live', keys: [`${one}.#`] });
    stream.send('subscribe', { id: 'durable', name: randomUUID(), keys: [`${other}.#`] });
    const [live] = [await stream.record.next('subscribed'), await stream.record.next('subscribed')];
    stream.send('unsubscribe', { id: live.id });
    expect(await stream.record.next('unsubscribed')).toEqual({ id: live.id });
    stream.send('unsubscribe', { id: live.id });
    expect(await stream.record.next('error')).toMatchObject({ id: live.id, code: 'subscription.not_found' });
    const [left, gone] = live.id === 'live' ? [other, one] : [one, other];
    await app.publish(...trades(gone, 1));
    const sent = trades(left, 1);
    await app.publish(...sent);
    expect(idsOf(await stream.record.events(1))).toEqual(idsOf(sent));
    await stream.close();
  });
});
