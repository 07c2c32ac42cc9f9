import { FakeClock } from '@distributary/distribution-core/testing';
import { aQuote, aTrade, countingIds } from '../testing/published-events.js';
import { isoOfMicros, type PublishedEvent } from '@distributary/distribution-service';
import { markedLate, MAX_EVENT_BYTES, parseMarketDataEvents, toPublishedEvent } from './market-data-event.js';

const clock = new FakeClock();
const published = (input: unknown) => toPublishedEvent(parseMarketDataEvents([input])[0], clock, countingIds);
const stored = (input: unknown) => JSON.parse(Buffer.from(published(input).record.value).toString()) as unknown;

const example = {
  event_id: 'uuid',
  timestamp: '2025-06-21T09:30:00.225Z',
  data_type: 'TRADE',
  data: {
    symbol: 'AAPL',
    exchange: 'NASDAQ',
    currency: 'USD',
    timestamp: '2025-06-21T09:30:00.200Z',
    price: 150.25,
    volume: 1000,
  },
  routing: {
    topic: 'market-data/normalized/equities',
    routing_key: 'AAPL.NASDAQ.trade',
    target_workflows: ['market_intelligence', 'instrument_analysis'],
    delivery_guarantee: 'at_least_once',
  },
  metadata: { source: 'itch' },
};

describe('a market data event on its way into the log', () => {
  it("is stored in the specification's output shape", () => {
    expect(stored(example)).toEqual({
      event_id: 'uuid',
      timestamp: '2025-06-21T09:30:00.225Z',
      data_type: 'TRADE',
      distribution: { topic: 'market-data/normalized/equities' },
      data: { ...example.data, asset_class: 'equities' },
      routing: {
        routing_key: 'AAPL.NASDAQ.trade',
        target_workflows: ['market_intelligence', 'instrument_analysis'],
        delivery_guarantees: 'at_least_once',
      },
      metadata: { source: 'itch' },
    });
  });

  it('shows filters what they need, without the payload', () => {
    expect(published(example)).toEqual({
      topic: 'market-data/normalized/equities',
      sequence: -1,
      record: {
        eventId: 'uuid',
        routingKey: 'AAPL.NASDAQ.trade',
        timeMicros: 1_750_498_200_200_000,
        attributes: {
          data_type: 'TRADE',
          symbol: 'AAPL',
          exchange: 'NASDAQ',
          currency: 'USD',
          asset_class: 'equities',
          price: 150.25,
          volume: 1000,
          source: 'itch',
          delivery_guarantee: 'at_least_once',
          target_subscribers: 'market_intelligence\ninstrument_analysis',
        },
        value: expect.anything(),
      },
    });
  });

  it('fills in what the producer left out, and leaves out what there is not', () => {
    const least = { data_type: 'TRADE', data: { symbol: 'BRK.B', exchange: 'XNYS', price: '1', volume: 0 } };
    const { event_id: eventId, ...rest } = stored(least) as Record<string, unknown>;
    const now = isoOfMicros(clock.nowMicros());
    expect(eventId).toMatch(/^id-/);
    expect(rest).toEqual({
      timestamp: now,
      data_type: 'TRADE',
      distribution: { topic: 'market-data/normalized/equities' },
      data: { symbol: 'BRK.B', exchange: 'XNYS', price: 1, volume: 0, asset_class: 'equities', timestamp: now },
      routing: { routing_key: 'BRK_2eB.XNYS.trade', target_workflows: [], delivery_guarantees: 'at_least_once' },
      metadata: {},
    });
    expect(Object.keys(published(least).record.attributes)).toEqual([
      'data_type',
      'symbol',
      'exchange',
      'asset_class',
      'price',
      'volume',
    ]);
  });

  it.each([
    [aTrade({ asset_class: 'crypto', currency: 'USDT' }), 'market-data/normalized/crypto', 'AAPL.NASDAQ.trade'],
    [aQuote({ asset_class: 'futures' }), 'market-data/quotes/futures', 'AAPL.NASDAQ.quote'],
    [
      { data_type: 'STATUS', data: { status: 'halted', symbol: 'AAPL', exchange: 'NASDAQ' } },
      'market-data/status',
      'AAPL.NASDAQ.status',
    ],
    [{ data_type: 'STATUS', data: { status: 'stale', source: 'a b' } }, 'market-data/status', '_source.a_20b.status'],
    [
      { data_type: 'STATUS', data: { status: 'stale' }, metadata: { source: 'itch' } },
      'market-data/status',
      '_source.itch.status',
    ],
    [aTrade({}, { routing: { topic: 'market-data/normalized/indices' } }), 'market-data/normalized/indices', undefined],
    [
      aQuote({}, { routing: { topic: 'market-data/normalized/equities' } }),
      'market-data/normalized/equities',
      undefined,
    ],
    [aTrade({}, { routing: { topic: 'mine', routing_key: 'x.y' } }), 'mine', 'x.y'],
  ])('goes where its type and class belong: %j', (input, topic, key) => {
    const event = published(input);
    expect(event.topic).toBe(topic);
    if (key !== undefined) expect(event.record.routingKey).toBe(key);
  });

  it('takes the class of the topic that it names', () => {
    const { attributes } = published(aTrade({}, { routing: { topic: 'market-data/normalized/indices' } })).record;
    expect(attributes.asset_class).toBe('indices');
  });

  it('shows what a quote or a bar may be filtered by', () => {
    const figures = (input: unknown) => {
      const { price, volume, interval, status } = published(input).record.attributes;
      return { price, volume, interval, status };
    };
    expect(figures(aQuote())).toEqual({ price: 150.25, volume: 200 });
    expect(figures(aQuote({ bid_price: undefined, bid_size: undefined }))).toEqual({ price: 150.26, volume: 200 });
    expect(figures(aQuote({ ask_price: undefined, ask_size: undefined }))).toEqual({ price: 150.24, volume: 300 });
    const bar = { symbol: 'A', exchange: 'XNAS', interval: '5m', open: 1, high: 2, low: 1, close: '1.50', volume: 7 };
    expect(figures({ data_type: 'BAR', data: bar })).toEqual({ price: 1.5, volume: 7, interval: '5m' });
    expect(figures({ data_type: 'STATUS', data: { status: 'stale', source: 's' } })).toEqual({ status: 'stale' });
  });

  it('keeps every digit of a price, wherever it came from', () => {
    const text = (price: number | string) => Buffer.from(published(aTrade({ price })).record.value).toString();
    expect(text('0.123456789012345678')).toContain('"price":"0.123456789012345678"');
    expect(text('150.250')).toContain('"price":150.25');
    expect(text(1e-7)).toContain('"price":1e-7');
  });

  it('says what comes late', () => {
    const onTime = published(aTrade({ price: '0.123456789012345678' }, { metadata: { source: 'itch' } }));
    const late = markedLate(onTime);
    const valueOf = (event: PublishedEvent) => JSON.parse(Buffer.from(event.record.value).toString()) as object;
    expect(valueOf(late)).toEqual({ ...valueOf(onTime), metadata: { source: 'itch', late: true } });
    const { value: _value, ...rest } = onTime.record;
    expect(late).toMatchObject({ ...onTime, record: { ...rest, attributes: { ...rest.attributes, late: true } } });
  });

  it('is refused if it is too large', () => {
    const note = 'x'.repeat(MAX_EVENT_BYTES);
    expect(() => published(aTrade({ note }))).toThrow(expect.objectContaining({ code: 'payload.too_large' }));
  });
});

describe('what is wrong with market data', () => {
  const problemsOf = (...inputs: unknown[]) => {
    try {
      parseMarketDataEvents(inputs);
    } catch (error) {
      return (error as { problems: unknown }).problems;
    }
    return [];
  };
  const stateRule = (type: string) =>
    `must not be a topic of state, where newer events replace older ones: each ${type} counts`;

  it.each([
    [aTrade({ price: -1 }), 'data.price', 'must not be negative of equities'],
    [aQuote({ bid_price: '-0.01' }), 'data.bid_price', 'must not be negative of equities'],
    [aTrade({ currency: 'ZZZ' }), 'data.currency', 'must be a currency of ISO 4217, such as USD'],
    [{ data_type: 'STATUS', data: { status: 'fresh' } }, 'data.source', 'must be there if symbol is not'],
    [
      aTrade({ asset_class: 'crypto' }, { routing: { topic: 'market-data/normalized/equities' } }),
      'routing.topic',
      'must not be a topic of equities, since the event is of crypto',
    ],
    [aTrade({}, { routing: { topic: 'market-data/quotes/equities' } }), 'routing.topic', stateRule('TRADE')],
    [
      {
        data_type: 'STATUS',
        data: { status: 'fresh', source: 's' },
        routing: { topic: 'market-data/quotes/equities' },
      },
      'routing.topic',
      stateRule('STATUS'),
    ],
    [aTrade({ volume: -1 }), 'data.volume', 'must be a whole number from 0 to 9007199254740991'],
  ])('%j is refused', (input, field, rule) => {
    expect(problemsOf(aTrade(), input)).toEqual([{ path: `events[1].${field}`, rule }]);
  });

  it.each([
    [aTrade({ price: -1, volume: -1, exchange: 'x!' }), ['data.exchange', 'data.volume', 'data.price']],
    [aTrade({ currency: 'ZZZ', symbol: 'A B' }), ['data.symbol', 'data.currency']],
    [aTrade({ currency: 'dollar!', price: -1 }), ['data.currency', 'data.price']],
    [aQuote({ bid_price: 151, bid_size: -1 }), ['data.bid_size', 'data.bid_price']],
    [aQuote({ bid_price: 'x' }), ['data.bid_price']],
    // Which class it is of is not known, and so not what a price of it may be.
    [aTrade({ asset_class: 'wood', price: -1 }), ['data.asset_class']],
    [aTrade({ price: -1 }, { routing: { topic: 'a//b' } }), ['routing.topic']],
    [{ data_type: 'STATUS', data: { status: 'fresh', symbol: 'A B', exchange: 'XNAS' } }, ['data.symbol']],
    [{ data_type: 'WEATHER', data: { price: -1 } }, ['data_type']],
    [
      {
        data_type: 'BAR',
        data: { symbol: 'A', exchange: 'XNAS', interval: '7m', open: 3, high: 2, low: 'x', close: 1, volume: 1 },
      },
      ['data.interval', 'data.low', 'data.open'],
    ],
    [{ data_type: 'TRADE', data: 5 }, ['data']],
  ])('is told all at once: %j', (input, fields) => {
    const paths = (problemsOf(input) as { path: string }[]).map(({ path }) => path);
    expect(paths).toEqual(fields.map((field) => `events[0].${field}`));
  });

  it('is nothing of these', () => {
    expect(problemsOf(aTrade({ asset_class: 'futures', price: '-37.63' }))).toEqual([]);
    expect(problemsOf(aTrade({ asset_class: 'crypto', currency: 'USDT' }))).toEqual([]);
    expect(problemsOf(aTrade({ bid_price: 'a field of quotes, which this is not' }))).toEqual([]);
  });

  it('is listed up to a hundred times', () => {
    expect(problemsOf(...Array.from({ length: 150 }, () => ({})))).toHaveLength(100);
  });
});
