import { randomUUID } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import { ask, type CommandStream, idsOf, reopened, webSocketDoor } from '@distributary/distribution-service/testing';
import { STREAM_DOORS } from './doors/all-doors.js';
import { managementClient, marketClient, typedDoor } from './doors/grpc.js';
import { aQuote, aSymbol, aTrade, trades } from './events.js';
import { TestApp } from './harness.js';

const TOPICS = '/api/v1/market-data/topics';
const REQUESTS = '/api/v1/market-data/subscription-requests';

describe('subscriptions to market data', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const own = (name: string, symbol: string) =>
    reopened(webSocketDoor, app, { name, symbols: [symbol], start: 'earliest' });
  const acknowledge = async (owner: CommandStream) => {
    const [{ generation }] = owner.record.of('subscribed');
    owner.send('ack', { id: 's', generation: generation as number, cursor: owner.record.cursor('s') });
    owner.send('ping', 1);
    await owner.record.next('pong');
  };

  it('that are durable resume after a reconnect, and after a restart of the service', async () => {
    const [symbol, name] = [aSymbol(), randomUUID()];
    const sent = trades(symbol, 6);
    const first = await own(name, symbol);
    await app.publish(...sent.slice(0, 2));
    await first.record.events(2);
    await acknowledge(first);
    await first.close();
    await app.publish(...sent.slice(2, 4));
    const second = await own(name, symbol);
    expect(idsOf(await second.record.events(2))).toEqual(idsOf(sent.slice(2, 4)));
    await acknowledge(second);
    await second.close();
    await app.restart();
    await app.publish(...sent.slice(4));
    const third = await own(name, symbol);
    expect(idsOf(await third.record.events(2))).toEqual(idsOf(sent.slice(4)));
    await third.close();
  });

  it.each(['shared', 'key_shared'] as const)('that are %s give each event to one session', async (type) => {
    const [symbols, name] = [[aSymbol(), aSymbol(), aSymbol(), aSymbol()], randomUUID()];
    const join = async () => {
      const stream = await webSocketDoor.connect(app);
      stream.send('subscribe', {
        id: 's',
        name,
        type,
        keys: symbols.map((symbol) => `${symbol}.#`),
        start: 'earliest',
      });
      await stream.record.next('subscribed');
      return stream;
    };
    const readers = [await join(), await join()];
    const sent = [0, 1, 2].flatMap((n) => symbols.map((symbol) => aTrade(symbol, { sequence: n })));
    await app.publish(...sent);
    const received = () => readers.flatMap((reader) => reader.record.received());
    await until('all events', () => received().length === sent.length);
    expect(idsOf(received()).sort()).toEqual(idsOf(sent).sort());
    if (type === 'key_shared') {
      for (const symbol of symbols) {
        const of = readers.map((reader) => reader.record.received().filter(({ data }) => data.symbol === symbol));
        expect(of.filter((events) => events.length > 0)).toHaveLength(1);
        expect(of.flat().map(({ data }) => data.sequence)).toEqual([0, 1, 2]);
      }
    }
    await Promise.all(readers.map((reader) => reader.close()));
  });

  it('begin with the newest quote of each symbol, and go on', async () => {
    const symbol = aSymbol();
    const old = await webSocketDoor.open(app, { symbols: [symbol] });
    await old.record.next('subscribed');
    await app.publish(aQuote(symbol, { ask_price: 151 }), aQuote(symbol, { ask_price: 152 }));
    await old.record.events(2);
    const patterns = ['market-data/quotes/equities'];
    const stream = await webSocketDoor.open(app, { symbols: [symbol], patterns, start: 'snapshot' });
    await until('the quote', () => stream.record.received().length > 0);
    expect(stream.record.received().map(({ data }) => data.ask_price)).toEqual([152]);
    await app.publish(aQuote(symbol, { ask_price: 153 }));
    expect((await stream.record.events(2)).map(({ data }) => data.ask_price)).toEqual([152, 153]);
    await Promise.all([old.close(), stream.close()]);
  });

  it('are managed over gRPC', async () => {
    const [symbol, subscription] = [aSymbol(), randomUUID()];
    const client = marketClient(app);
    const manage = (action: string, more: object = {}) =>
      ask(app, client, 'ManageSubscription', { action, subscription, ...more });
    const sent = trades(symbol, 2);
    await app.publish(...sent);
    const created = await manage('CREATE', {
      topic: 'market-data/normalized/equities',
      type: 'SHARED',
      start_position: 'EARLIEST',
      filters: [{ field: 'symbol', operator: 'eq', values: [{ text: symbol }] }],
    });
    expect(created).toMatchObject({ subscription_id: subscription, type: 'shared', status: 'active' });
    expect(JSON.parse(created.filter as string)).toMatchObject({ op: 'eq', attribute: 'symbol', value: symbol });
    expect(await manage('GET')).toMatchObject({ subscription_id: subscription, type: 'shared' });
    expect(await manage('PAUSE')).toMatchObject({ status: 'paused' });
    expect(await manage('RESUME')).toMatchObject({ status: 'active' });
    expect(await manage('DELETE')).toMatchObject({ status: 'deleted' });
    await expect(manage('GET')).rejects.toMatchObject({ code: 'subscription.not_found' });
    client.close();
  });

  it('are administered over gRPC by the words of market data', async () => {
    const [symbol, subscription_id] = [aSymbol(), randomUUID()];
    const client = managementClient(app);
    const manage = (method: string, request: object) => ask(app, client, method, { subscription_id, ...request });
    const selection = {
      symbols: [symbol],
      exchanges: ['nasdaq'],
      currencies: ['USD'],
      min_price: '101',
      max_volume: 1_000,
    };
    await manage('CreateSubscription', { selection });
    const reader = await reopened(webSocketDoor, app, { name: subscription_id });
    const sent = trades(symbol, 4);
    const outside = [
      aTrade(symbol, { exchange: 'XNYS' }),
      aTrade(symbol, { currency: 'EUR' }),
      aTrade(symbol, { volume: 1_001 }),
    ];
    await app.publish(...outside, ...sent);
    expect(idsOf(await reader.record.events(3))).toEqual(idsOf(sent.slice(1)));
    await acknowledge(reader);
    await reader.close();
    await manage('UpdateSubscription', { selection: { symbols: [symbol], max_price: '100' } });
    const again = await reopened(webSocketDoor, app, { name: subscription_id });
    const more = trades(symbol, 2);
    await app.publish(...more);
    expect(idsOf(await again.record.events(1))).toEqual(idsOf(more.slice(0, 1)));
    await again.close();
    const wrong = manage('UpdateSubscription', { selection: { symbols: ['A B'], min_price: 'dear' } });
    await expect(wrong).rejects.toMatchObject({
      code: 'request.invalid',
      errors: [{ path: 'symbols[0]' }, { path: 'min_price' }],
    });
    client.close();
  });

  it('received over StreamMarketData are acknowledged over gRPC', async () => {
    const [symbol, name] = [aSymbol(), randomUUID()];
    const client = managementClient(app);
    const sent = trades(symbol, 3);
    await app.publish(...sent);
    const first = await typedDoor.open(app, { name, symbols: [symbol], start: 'earliest' });
    const { generation } = await first.record.next('subscribed');
    await first.record.events(3);
    const cursor = first.record.cursor('stream');
    await ask(app, client, 'AcknowledgeSubscription', { subscription_id: name, generation, cursor });
    await first.close();
    client.close();
    await app.publish(...trades(symbol, 1, 3));
    const second = await reopened(webSocketDoor, app, { name });
    expect((await second.record.events(1)).map(({ data }) => data.sequence)).toEqual([3]);
    await second.close();
  });

  it('are created over REST by the request of the specification', async () => {
    const [symbol, subscription] = [aSymbol(), randomUUID()];
    const request = {
      topic: 'market-data/normalized/equities',
      subscription,
      type: 'FAILOVER',
      filters: [{ field: 'symbol', operator: 'eq', values: [symbol] }],
      start_position: 'EARLIEST',
    };
    const filter = { op: 'eq', attribute: 'symbol', value: symbol };
    const made = { subscription_id: subscription, type: 'failover', patterns: [request.topic], filter };
    expect(await app.post(REQUESTS, request)).toMatchObject({ status: 201, body: made });
    expect(await app.get(`/api/v1/market-data/subscriptions/${subscription}`)).toMatchObject({
      status: 200,
      body: made,
    });
    expect(await app.post(REQUESTS, request)).toMatchObject({ status: 409, body: { code: 'subscription.exists' } });
    const wrong = { ...request, subscription: randomUUID(), start_position: 'MESSAGE_ID' };
    const refusal = { code: 'request.invalid', errors: [expect.objectContaining({ path: 'message_id' })] };
    expect(await app.post(REQUESTS, wrong)).toMatchObject({ status: 400, body: refusal });
  });

  describe.each([...STREAM_DOORS])('made by the request of the specification, over $name', (door) => {
    it('are received by their name alone', async () => {
      const [symbol, subscription] = [aSymbol(), randomUUID()];
      const sent = trades(symbol, 3);
      await app.publish(...sent);
      const filters = [
        { field: 'symbol', operator: 'eq', values: [symbol] },
        { field: 'price', operator: 'gte', values: [101] },
      ];
      const request = { topic: 'market-data/normalized/equities', subscription, filters, start_position: 'EARLIEST' };
      expect((await app.post(REQUESTS, request)).status).toBe(201);
      const reader = await door.open(app, { name: subscription });
      expect(await reader.record.next('subscribed')).toMatchObject({ generation: 1 });
      expect(idsOf(await reader.record.events(2))).toEqual(idsOf(sent.slice(1)));
      await reader.close();
    });

    it('are not received by another selection', async () => {
      const subscription = randomUUID();
      expect((await app.post(REQUESTS, { topic: 'market-data/normalized/equities', subscription })).status).toBe(201);
      const reader = await door.open(app, { name: subscription, symbols: [aSymbol()] });
      expect(await reader.record.next('error')).toMatchObject({
        code: 'subscription.exists',
        errors: [{ path: 'name' }],
      });
      await reader.close();
    });
  });

  it('have topics that are created, read and deleted over REST', async () => {
    const name = `market-data/desk/${randomUUID().slice(0, 8)}`;
    const path = `${TOPICS}/${encodeURIComponent(name)}`;
    expect(await app.post(TOPICS, { name, data_type: 'TRADE' })).toMatchObject({ status: 201, body: { name } });
    expect((await app.get(path)).body).toMatchObject({ name, data_type: 'TRADE', enabled: true });
    expect((await app.delete(path)).status).toBe(204);
    expect(await app.get(path)).toMatchObject({ status: 404, body: { code: 'topic.not_found' } });
  });

  it('are not needed for the latest of a symbol, in a topic that was created a moment ago either, with which it goes', async () => {
    const name = `market-data/normalized/${randomUUID().slice(0, 8)}`;
    expect((await app.post(TOPICS, { name, data_type: 'TRADE' })).status).toBe(201);
    const symbol = aSymbol();
    await app.publish(aTrade(symbol, { price: '150.10' }, { routing: { topic: name } }));
    const latest = async () => (await app.get(`/api/v1/market-data/${symbol}/latest`)).status;
    await until('it', async () => (await latest()) === 200);
    expect((await app.delete(`/api/v1/market-data/topics/${encodeURIComponent(name)}`)).status).toBe(204);
    expect(await latest()).toBe(404);
  });

  it('are not needed for the latest of a symbol', async () => {
    const symbol = aSymbol();
    const path = `/api/v1/market-data/${symbol}/latest`;
    expect(await app.get(path)).toMatchObject({ status: 404, body: { code: 'symbol.not_found' } });
    await app.publish(aTrade(symbol, { price: '150.10' }, { metadata: { source: 'itch' } }));
    const latest = await until('it', async () => {
      const reply = await app.get(path);
      return reply.status === 200 ? reply.body : undefined;
    });
    expect(latest).toMatchObject({ symbol, data: { price: 150.1 }, source: 'itch' });
  });
});
