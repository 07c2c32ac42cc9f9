import { connect, type StreamEvent } from 'distributary';
import { until } from '@distributary/distribution-core/testing';
import { idsOf } from '@distributary/distribution-service/testing';
import { aSymbol, aTrade, trades } from './events.js';
import { TestApp } from './harness.js';

describe.each(['websocket', 'sse'] as const)('the client over %s', (transport) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('follows the symbols, exchanges, currencies and prices that it asks for, and publishes', async () => {
    const client = connect(new URL(app.streamUrl).origin, { api: 'market-data', transport });
    const symbol = aSymbol();
    const received: StreamEvent[] = [];
    let isSubscribed = false;
    const subscription = client.subscribe(
      {
        symbols: [symbol],
        exchanges: ['NASDAQ'],
        currencies: ['USD'],
        assetClasses: ['equities'],
        dataTypes: ['TRADE'],
        minPrice: '101',
        maxPrice: 103,
        minVolume: 1,
        maxVolume: 1_000,
        slowPolicy: 'block',
      },
      { onSubscribed: () => void (isSubscribed = true), onEvent: (event) => void received.push(event) },
    );
    await until('the subscription', () => isSubscribed, 20_000);
    const wanted = trades(symbol, 5);
    const others = [
      aTrade(aSymbol(), { price: 102 }),
      aTrade(symbol, { price: 102, exchange: 'XNYS' }),
      aTrade(symbol, { price: 102, currency: 'EUR' }),
      aTrade(symbol, { price: 102, volume: 1_001 }),
      aTrade(symbol, { price: 102, volume: 0 }),
    ];
    expect(await client.publish([...others, ...wanted])).toHaveLength(10);
    await until('the trades', () => received.length >= 3, 20_000);
    subscription.close();
    await subscription.ended;
    expect(idsOf(received as never)).toEqual(idsOf(wanted).slice(1, 4));
    client.close();
  });
});
