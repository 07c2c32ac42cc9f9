import { marketDataDistributionSchema } from './event.js';

const INSTRUMENT = { symbol: 'AAPL', exchange: 'nasdaq', currency: 'usd', asset_class: 'EQUITIES' };
const trade = { data_type: 'TRADE', data: { ...INSTRUMENT, price: 150.25, volume: 1000 } };
const quote = {
  data_type: 'QUOTE',
  data: { ...INSTRUMENT, bid_price: '150.24', bid_size: 300, ask_price: 150.26, ask_size: 0 },
};
const bar = {
  data_type: 'BAR',
  data: { ...INSTRUMENT, interval: '1m', open: 2, high: '3', low: 1, close: 2.5, volume: 9, vwap: 2.25 },
};
const status = { data_type: 'STATUS', data: { status: 'stale', source: 'itch' } };

const withData = <Event extends { readonly data: object }>(event: Event, data: object) => ({
  ...event,
  data: { ...event.data, ...data },
});
const problemsOf = (input: unknown) =>
  marketDataDistributionSchema
    .safeParse(input)
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('the market data event', () => {
  it("takes the specification's example, and spells words in one way", () => {
    const parsed = marketDataDistributionSchema.parse({
      event_id: 'uuid',
      timestamp: '2025-06-21T09:30:00.225Z',
      ...trade,
      routing: { partition: 5, target_workflows: ['market_intelligence'], delivery_mode: 'AT_LEAST_ONCE' },
      metadata: { source: 'itch', session: 7 },
    });
    expect(parsed.data).toEqual({
      symbol: 'AAPL',
      exchange: 'NASDAQ',
      currency: 'USD',
      asset_class: 'equities',
      price: 150.25,
      volume: 1000,
    });
    expect(parsed.routing).toEqual({ target_workflows: ['market_intelligence'], delivery_mode: 'at_least_once' });
    expect(parsed.metadata).toEqual({ source: 'itch', session: 7 });
  });

  it.each([trade, quote, bar, status])('needs no more than its data: %j', (event) => {
    expect(problemsOf(event)).toBeUndefined();
  });

  it('keeps fields that it does not know, and prices of any length', () => {
    const parsed = marketDataDistributionSchema.parse(withData(trade, { price: '0.123456789012345678', venue: 'X' }));
    expect(parsed.data).toMatchObject({ price: '0.123456789012345678', venue: 'X' });
  });

  it.each([
    [withData(trade, { price: '1,5' }), ['data.price: must be a number, or a decimal text such as "150.25"']],
    [withData(trade, { price: null }), ['data.price: must be a number, or a decimal text such as "150.25"']],
    [withData(trade, { price: 0.1 + 0.2 }), ['data.price: must be a text if it has more than 15 significant digits']],
    [withData(trade, { volume: -1 }), ['data.volume: must be a whole number from 0 to 9007199254740991']],
    [withData(trade, { volume: 1.5 }), ['data.volume: must be a whole number from 0 to 9007199254740991']],
    [withData(trade, { volume: 2 ** 53 }), ['data.volume: must be a whole number from 0 to 9007199254740991']],
    [withData(trade, { volume: '7' }), ['data.volume: must be a whole number from 0 to 9007199254740991']],
    [
      withData(trade, { symbol: 'A PL' }),
      ['data.symbol: must be 1 to 32 letters, digits or ./:^=$&+!#@_- with a letter or digit among them'],
    ],
    [
      withData(trade, { exchange: '!' }),
      ['data.exchange: must be a word of 2 to 16 letters, digits, _ or -, such as XNAS or NASDAQ'],
    ],
    [
      withData(trade, { asset_class: 'bonds' }),
      ['data.asset_class: must be one of equities, currencies, crypto, futures, indices'],
    ],
    [withData(quote, { bid_price: 150.27 }), ['data.bid_price: must not be above ask_price']],
    [
      { data_type: 'QUOTE', data: { symbol: 'A', exchange: 'XNAS', ask_size: 1 } },
      ['data.bid_price: must be there if ask_price is not', 'data.ask_price: must be there if ask_size is'],
    ],
    [
      { data_type: 'QUOTE', data: { symbol: 'A', exchange: 'XNAS', ask_price: 1, bid_size: 1 } },
      ['data.bid_price: must be there if bid_size is'],
    ],
    [
      withData(bar, { low: 4, interval: '1m' }),
      [
        'data.open: must not be below low',
        'data.close: must not be below low',
        'data.low: must not be above high',
        'data.vwap: must not be below low',
      ],
    ],
    [withData(bar, { close: 3.01 }), ['data.close: must not be above high']],
    [withData(bar, { interval: '2m' }), ['data.interval: must be one of 1m, 5m, 1h, 1d']],
    [withData(status, { symbol: 'AAPL' }), ['data.exchange: must be there if symbol is']],
    [withData(status, { exchange: 'XNAS' }), ['data.symbol: must be there if exchange is']],
    [withData(status, { status: 'tired' }), [expect.stringContaining('data.status: must be one of sequence_gap')]],
    [
      { ...trade, routing: { delivery_mode: 'AT_LEAST_ONCE', delivery_guarantee: 'exactly_once' } },
      ['routing.delivery_mode: must not contradict delivery_guarantee'],
    ],
    [
      { ...trade, routing: { delivery_mode: 'maybe' } },
      ['routing.delivery_mode: must be one of at_most_once, at_least_once, exactly_once'],
    ],
  ])('names what is wrong with %j', (input, problems) => {
    expect(problemsOf(input)).toEqual(problems);
  });

  it('lists several problems at once', () => {
    expect(problemsOf({ data_type: 'TRADE', data: {}, timestamp: 'now' })?.length).toBe(5);
    expect(problemsOf({ data_type: 'NEWS', data: {} })?.length).toBe(1);
  });
});
