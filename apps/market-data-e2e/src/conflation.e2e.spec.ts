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

  it('drop the oldest as often as there is too much, and say how many', async () => {
    const symbol = aSymbol();
    const stream = await webSocketDoor.open(app, { symbols: [symbol], slow_policy: 'drop-oldest', max_rate: 200 });
    await stream.record.next('subscribed');
    const received = (from: number) =>
      stream.record
        .received()
        .filter(({ data }) => Number(data.sequence) >= from && Number(data.sequence) < from + 2_000);
    // The newest 1,000 are kept for it; when the second 2,000 come, it has yet to be sent most of those of the first.
    for (const first of [0, 2_000]) {
      for (let part = 0; part < 4; part++) await app.publish(...trades(symbol, 500, first + part * 500));
      await until('what is kept', () => received(first).some(({ data }) => Number(data.sequence) >= first + 1_000));
    }
    await until('the newest', () => received(2_000).some(({ data }) => data.sequence === 3_999), 20_000);
    const gaps = stream.record.of('gap');
    expect(gaps.every(({ reason, count_exact }) => reason === 'policy' && count_exact === true)).toBe(true);
    expect(gaps.length).toBeGreaterThan(1);
    const dropped = gaps.reduce((sum, { count = 0 }) => sum + count, 0);
    expect(stream.record.received().length + dropped).toBe(4_000);
    await stream.close();
  });
});
