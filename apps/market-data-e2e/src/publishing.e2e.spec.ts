import {
  ask,
  binaryWebSocketDoor,
  connectWebSocket,
  idsOf,
  sseDoor,
  subscribed,
} from '@distributary/distribution-service/testing';
import { exchangeDoor, marketClient } from './doors/grpc.js';
import { aQuote, aSymbol, aTrade, trades } from './events.js';
import { TestApp } from './harness.js';

const EVENTS = '/api/v1/market-data/events';
const bytesOf = (events: readonly object[]) => events.map((event) => Buffer.from(JSON.stringify(event)));

describe('publishing market data', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it.each([
    ['one event', (events: readonly object[]) => events[0], 1],
    ['a list', (events: readonly object[]) => events, 3],
    ['{ events }', (events: readonly object[]) => ({ events }), 3],
  ])('takes %s over REST, and sends it on', async (_what, bodyOf, count) => {
    const symbol = aSymbol();
    const reader = await subscribed(sseDoor, app, { symbols: [symbol] });
    const events = trades(symbol, 3);
    const { status, body } = await app.post(EVENTS, bodyOf(events));
    expect(status).toBe(202);
    expect(body.results).toMatchObject(
      events.slice(0, count).map(({ event_id }) => ({
        event_id,
        duplicate: false,
        topic: 'market-data/normalized/equities',
      })),
    );
    expect(idsOf(await reader.record.events(count))).toEqual(idsOf(events.slice(0, count)));
    await reader.close();
  });

  it('takes one event a line', async () => {
    const symbol = aSymbol();
    const reader = await subscribed(sseDoor, app, { symbols: [symbol] });
    const events = trades(symbol, 3);
    const lines = events.map((event) => JSON.stringify(event)).join('\n');
    const { status, body } = await app.postBytes(EVENTS, `${lines}\n`, 'application/x-ndjson');
    expect(status).toBe(202);
    expect(body.results).toMatchObject(events.map(({ event_id }) => ({ event_id, duplicate: false })));
    expect(idsOf(await reader.record.events(3))).toEqual(idsOf(events));
    await reader.close();
  });

  it('takes events over gRPC', async () => {
    const symbol = aSymbol();
    const client = marketClient(app);
    const reader = await subscribed(sseDoor, app, { symbols: [symbol] });
    const events = trades(symbol, 3);
    const { results } = await ask(app, client, 'Publish', { events: bytesOf(events) });
    expect(results).toMatchObject(events.map(({ event_id }) => ({ event_id, duplicate: false })));
    expect(idsOf(await reader.record.events(3))).toEqual(idsOf(events));
    client.close();
    await reader.close();
  });

  it.each([
    ['WebSocket', connectWebSocket],
    ['WebSocket, binary', (it: TestApp) => binaryWebSocketDoor.connect(it)],
    ['gRPC Exchange', (it: TestApp) => exchangeDoor.connect(it)],
  ])('takes events over the stream: %s', async (_door, connect) => {
    const symbol = aSymbol();
    const reader = await subscribed(sseDoor, app, { symbols: [symbol] });
    const events = trades(symbol, 3);
    const writer = await connect(app);
    writer.send('publish', { id: 'p', events });
    expect(await writer.record.next('published')).toMatchObject({
      id: 'p',
      results: events.map(({ event_id }) => ({ event_id, duplicate: false })),
    });
    expect(idsOf(await reader.record.events(3))).toEqual(idsOf(events));
    await writer.close();
    await reader.close();
  });

  it('takes an event once, whichever door it comes through', async () => {
    const symbol = aSymbol();
    const client = marketClient(app);
    const event = aTrade(symbol);
    const [first] = await app.publish(event);
    const { results } = await ask(app, client, 'Publish', { events: bytesOf([event]) });
    expect(first).toMatchObject({ duplicate: false });
    expect(results).toMatchObject([{ duplicate: true, partition: first.partition, position: first.position }]);
    client.close();
  });

  it('sorts by data type and asset class', async () => {
    const symbol = aSymbol();
    const bar = { interval: '1m', open: 1, high: 2, low: 1, close: 2, volume: 10 } as const;
    const results = await app.publish(
      aTrade(symbol, { asset_class: 'crypto', currency: 'USDT' }),
      aQuote(symbol),
      { data_type: 'BAR', data: { symbol, exchange: 'XEUR', asset_class: 'futures', ...bar } },
      { data_type: 'STATUS', data: { status: 'stale', source: 'nasdaq-itch' } },
    );
    expect(results.map(({ topic }) => topic)).toEqual([
      'market-data/normalized/crypto',
      'market-data/quotes/equities',
      'market-data/bars/futures',
      'market-data/status',
    ]);
  });
});
