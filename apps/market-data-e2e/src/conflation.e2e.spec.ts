import { until } from '@distributary/distribution-core/testing';
import { idsOf, webSocketDoor } from '@distributary/distribution-service/testing';
import { aQuote, aSymbol, trades } from './events.js';
import { TestApp } from './harness.js';

describe('slow subscriptions to market data', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('conflate quotes and say how many were merged, and never merge trades', async () => {
    const symbol = aSymbol();
    const stream = await webSocketDoor.open(app, { symbols: [symbol], slow_policy: 'conflate', max_rate: 2 });
    await stream.record.next('subscribed');
    const sent = trades(symbol, 3);
    await app.publish(...Array.from({ length: 50 }, (_, index) => aQuote(symbol, { ask_price: 151 + index })), ...sent);
    const received = (type: string) => stream.record.received().filter((event) => event.data_type === type);
    await until('the newest quote', () => received('QUOTE').some(({ data }) => data.ask_price === 200), 20_000);
    await until('the trades', () => received('TRADE').length === 3, 20_000);
    expect(idsOf(received('TRADE'))).toEqual(idsOf(sent));
    expect(received('QUOTE').length).toBeLessThan(50);
    expect(stream.record.of('data').some(({ merged = 0 }) => merged > 1)).toBe(true);
    await stream.close();
  });
});
