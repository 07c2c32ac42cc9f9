import { idsOf, type Selection, subscribed } from '@distributary/distribution-service/testing';
import { until } from '@distributary/distribution-core/testing';
import { COMMAND_DOORS, STREAM_DOORS } from './doors/all-doors.js';
import { openTyped } from './doors/grpc.js';
import { aQuote, aSymbol, aTrade } from './events.js';
import { TestApp } from './harness.js';

describe('the live stream of market data', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  describe.each(STREAM_DOORS)('over $name', (door) => {
    it.each<[string, Selection, object, object]>([
      ['exchanges', { exchanges: ['xnys'] }, { exchange: 'XNYS' }, { exchange: 'NASDAQ' }],
      ['currencies', { currencies: ['EUR'] }, { currency: 'EUR' }, { currency: 'USD' }],
      ['a least price', { min_price: 150.25 }, { price: 150.25 }, { price: 150.24 }],
      ['a least price as text', { min_price: '150.25' }, { price: '150.250' }, { price: '150.2499' }],
      ['a greatest price', { max_price: 150.25 }, { price: 150.25 }, { price: 150.26 }],
      ['a least volume', { min_volume: 100 }, { volume: 100 }, { volume: 99 }],
      ['a greatest volume', { max_volume: 100 }, { volume: 100 }, { volume: 101 }],
    ])('selects by %s', async (_what, selection, inside, outside) => {
      const symbol = aSymbol();
      const stream = await subscribed(door, app, { symbols: [symbol], ...selection });
      const wanted = [aTrade(symbol, inside), aTrade(symbol, inside)];
      await app.publish(wanted[0], aTrade(symbol, outside), wanted[1]);
      expect(idsOf(await stream.record.events(2))).toEqual(idsOf(wanted));
      await stream.close();
    });

    it('selects by symbols and data types, and everything must hold', async () => {
      const [one, other, third] = [aSymbol(), aSymbol(), aSymbol()];
      const stream = await subscribed(door, app, { symbols: [one, other], data_types: ['quote'], exchanges: ['XNYS'] });
      const wanted = [aQuote(one, { exchange: 'XNYS' }), aQuote(other, { exchange: 'XNYS' })];
      await app.publish(
        aTrade(one, { exchange: 'XNYS' }),
        wanted[0],
        aQuote(third, { exchange: 'XNYS' }),
        aQuote(one),
        wanted[1],
      );
      expect(idsOf(await stream.record.events(2)).sort()).toEqual(idsOf(wanted).sort());
      await stream.close();
    });

    it('brings an event with target_workflows to these and to no others', async () => {
      const symbol = aSymbol();
      const risk = await subscribed(door, app, { symbols: [symbol], subscriber_service: 'risk' });
      const pricing = await subscribed(door, app, { symbols: [symbol], subscriber_service: 'pricing' });
      const anonymous = await subscribed(door, app, { symbols: [symbol] });
      const to = (...target_workflows: string[]) => aTrade(symbol, {}, { routing: { target_workflows } });
      const [forRisk, forBoth, forAll] = [to('risk'), to('pricing', 'risk'), to()];
      await app.publish(forRisk, forBoth, forAll);
      expect(idsOf(await risk.record.events(3))).toEqual(idsOf([forRisk, forBoth, forAll]));
      expect(idsOf(await pricing.record.events(2))).toEqual(idsOf([forBoth, forAll]));
      expect(idsOf(await anonymous.record.events(1))).toEqual(idsOf([forAll]));
      for (const stream of [risk, pricing, anonymous]) await stream.close();
    });
  });

  describe.each(COMMAND_DOORS)('as a page of the past over $name', (door) => {
    it('selects by the words of market data', async () => {
      const symbol = aSymbol();
      const wanted = aTrade(symbol, { exchange: 'XNYS', price: 150.25 });
      await app.publish(aTrade(symbol), wanted, aTrade(symbol, { exchange: 'XNYS', price: 151 }));
      const stream = await door.connect(app);
      const patterns = ['market-data/normalized/equities'];
      stream.send('history', {
        id: 'h',
        patterns,
        symbols: [symbol],
        exchanges: ['XNYS'],
        max_price: '150.25',
      });
      const { events } = await stream.record.next('history');
      expect(idsOf(events as { event_id: string }[])).toEqual([wanted.event_id]);
      stream.send('history', { id: 'h', patterns, symbols: ['A B'], max_price: 'dear' });
      expect(await stream.record.next('error')).toMatchObject({
        id: 'h',
        code: 'request.invalid',
        errors: [{ path: 'symbols[0]' }, { path: 'max_price' }],
      });
      await stream.close();
    });
  });

  it('has every decimal exactly, typed and as JSON', async () => {
    const symbol = aSymbol();
    const [typed, json] = [openTyped(app, { symbols: [symbol] }), STREAM_DOORS[0]];
    const reader = await subscribed(json, app, { symbols: [symbol] });
    await typed.record.next('subscribed');
    await app.publish(aTrade(symbol, { price: '12345678.123456789012345678', volume: 9_007_199_254_740_991 }));
    const quote = { bid_price: '0.10', bid_size: 0, ask_price: 1e-7 + 1, ask_size: 7 };
    await app.publish(aQuote(symbol, quote));
    await until('both', () => typed.record.received().length === 2);
    const messages = typed.frames.flatMap(({ events }) => (events ?? []) as readonly object[]);
    expect(messages).toContainEqual(
      expect.objectContaining({
        data: expect.objectContaining({
          data_type: 'TRADE',
          symbol,
          exchange: 'NASDAQ',
          currency: 'USD',
          asset_class: 'equities',
          price: { text: '12345678.123456789012345678', value: 12345678.123456789 },
          volume: 9_007_199_254_740_991,
        }),
        metadata: expect.objectContaining({
          topic: 'market-data/normalized/equities',
          routing_key: `${symbol}.NASDAQ.trade`,
          delivery_guarantees: 'at_least_once',
          late: false,
        }),
      }),
    );
    expect(messages).toContainEqual(
      expect.objectContaining({
        data: expect.objectContaining({
          bid_price: { text: '0.1', value: 0.1 },
          bid_size: 0,
          ask_price: { text: '1.0000001', value: 1.0000001 },
        }),
      }),
    );
    const received = await reader.record.events(2);
    const prices = received.map(({ data }) => data.price ?? data.bid_price);
    expect(prices).toEqual(expect.arrayContaining(['12345678.123456789012345678', 0.1]));
    await typed.close();
    await reader.close();
  });

  it('has only the fields that were asked for', async () => {
    const symbol = aSymbol();
    const fields = ['data.price', 'data_type'];
    const streams = await Promise.all(
      STREAM_DOORS.filter(({ name }) => name !== 'gRPC StreamMarketData').map((door) =>
        subscribed(door, app, { symbols: [symbol], fields }),
      ),
    );
    const typed = openTyped(app, { symbols: [symbol], fields });
    await typed.record.next('subscribed');
    const trade = aTrade(symbol);
    await app.publish(trade);
    for (const stream of streams) {
      expect(await stream.record.events(1)).toEqual([
        { event_id: trade.event_id, data_type: 'TRADE', data: { price: 150.25 } },
      ]);
      await stream.close();
    }
    expect(await typed.record.events(1)).toMatchObject([
      { data: { data_type: 'TRADE', price: { text: '150.25' }, symbol: '' } },
    ]);
    await typed.close();
  });

  it('marks what comes late, to be selected by it', async () => {
    const symbol = aSymbol();
    const stream = await subscribed(STREAM_DOORS[0], app, { symbols: [symbol] });
    const onlyLate = await subscribed(STREAM_DOORS[0], app, { symbols: [symbol], filter: 'late == true' });
    const typed = openTyped(app, { symbols: [symbol] });
    await typed.record.next('subscribed');
    const at = (second: number) => aTrade(symbol, { timestamp: `2025-06-21T09:30:0${second}Z` });
    const sent = [at(1), at(3), at(2), at(4)];
    for (const event of sent) await app.publish(event);
    expect((await stream.record.events(4)).map(({ metadata }) => metadata.late === true)).toEqual([
      false,
      false,
      true,
      false,
    ]);
    expect(idsOf(await onlyLate.record.events(1))).toEqual([sent[2].event_id]);
    expect((await typed.record.events(4)).map(({ metadata }) => metadata.late)).toEqual([false, false, true, false]);
    await Promise.all([stream.close(), onlyLate.close(), typed.close()]);
  });
});
