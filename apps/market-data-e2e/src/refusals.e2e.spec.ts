import { ask, openEventSource, webSocketDoor } from '@distributary/distribution-service/testing';
import { exchangeDoor, marketClient, typedDoor } from './doors/grpc.js';
import { aQuote, aTrade } from './events.js';
import { TestApp } from './harness.js';

const EVENTS = '/api/v1/market-data/events';
const TRADE = JSON.stringify(aTrade('AAPL'));

/** As text: some of it is no JSON that a program would write. */
const WRONG: readonly (readonly [what: string, event: string, path: string])[] = [
  ['an unknown data type', TRADE.replace('TRADE', 'WEATHER'), 'events[0].data_type'],
  ['a price that is no number', TRADE.replace('150.25', '"NaN"'), 'events[0].data.price'],
  ['a negative volume', TRADE.replace('1000', '-1'), 'events[0].data.volume'],
  ['a number of 18 digits', TRADE.replace('150.25', '1234567890.12345678'), 'events[0].data.price'],
  ['a bid above the ask', JSON.stringify(aQuote('AAPL', { bid_price: 151 })), 'events[0].data.bid_price'],
  ['a symbol that is none', TRADE.replace('AAPL', 'A B'), 'events[0].data.symbol'],
  ['an exchange that is no word', TRADE.replace('NASDAQ', 'N!'), 'events[0].data.exchange'],
];

describe('market data that is wrong', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  describe.each(WRONG)('as %s', (_what, event, path) => {
    const refusal = { code: 'request.invalid', errors: [{ path, rule: expect.any(String) }] };

    it('is refused over REST, as JSON and as lines', async () => {
      for (const type of ['application/json', 'application/x-ndjson']) {
        expect(await app.postBytes(EVENTS, event, type)).toMatchObject({ status: 400, body: refusal });
      }
    });

    it('is refused over gRPC and the streams', async () => {
      const client = marketClient(app);
      await expect(ask(app, client, 'Publish', { events: [Buffer.from(event)] })).rejects.toMatchObject(refusal);
      client.close();
      const socket = await webSocketDoor.connect(app);
      // What a program writes as a number has lost its digits already, or is refused for them all the same.
      socket.send('publish', { id: 'p', events: [JSON.parse(event) as object] });
      expect(await socket.record.next('error')).toMatchObject({ id: 'p', ...refusal });
      await socket.close();
    });
  });

  it.each([
    ['symbols[0]', { symbols: ['A B'] }],
    ['data_types[0]', { data_types: ['WEATHER'] }],
    ['exchanges[0]', { exchanges: ['N!'] }],
    ['currencies[0]', { currencies: ['dollar!'] }],
    ['max_price', { min_price: 2, max_price: 1 }],
    ['min_volume', { min_volume: -1 }],
  ])('to ask for is refused at %s', async (path, selection) => {
    const refusal = { code: 'request.invalid', errors: [{ path, rule: expect.any(String) }] };
    const query = new URLSearchParams(
      Object.entries(selection).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const streams = [await webSocketDoor.open(app, selection), await openEventSource(app, query.toString())];
    // A negative volume cannot be written there.
    if (path !== 'min_volume') {
      streams.push(await typedDoor.open(app, selection), await exchangeDoor.open(app, selection));
    }
    for (const stream of streams) {
      expect(await stream.record.next('error')).toMatchObject(refusal);
      await stream.close();
    }
  });

  it.each([
    ['subscription', { action: 'GET', subscription: '' }],
    ['filters[0].operator', { filters: [{ field: 'symbol', operator: 'like', values: [{ text: 'A' }] }] }],
    ['message_id', { start_position: 'MESSAGE_ID' }],
  ])('to subscribe to is refused at %s', async (path, request) => {
    const client = marketClient(app);
    const asked = ask(app, client, 'ManageSubscription', { action: 'CREATE', subscription: 'desk-7', ...request });
    await expect(asked).rejects.toMatchObject({ code: 'request.invalid', errors: [{ path }] });
    client.close();
  });
});
