import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import {
  MARKET_DATA_PACKAGE,
  MARKET_DATA_PROTO,
  MANAGEMENT_PACKAGE,
  MANAGEMENT_PROTOS,
  marketDataMessage,
  PROTO_LOADING,
} from '@distributary/contracts';
import { FakeClock } from '@distributary/distribution-core/testing';
import { parseMarketDataEvents, toPublishedEvent } from '../events/market-data-event.js';
import { aQuote, aTrade, countingIds } from '../testing/published-events.js';

const service = (protos: string | readonly string[], name: string) =>
  loadSync([protos].flat(), PROTO_LOADING)[name] as ServiceDefinition;
const methodsOf = (definition: ServiceDefinition) => Object.values(definition).map(({ originalName }) => originalName);
const stream = service(MARKET_DATA_PROTO, `${MARKET_DATA_PACKAGE}.MarketDataStream`);

/** As the typed stream sends it, and as a client reads it. */
function sent(input: unknown): object {
  const { record } = toPublishedEvent(parseMarketDataEvents([input])[0], new FakeClock(), countingIds);
  const event = JSON.parse(Buffer.from(record.value).toString()) as object;
  const { responseSerialize, responseDeserialize } = stream.StreamMarketData;
  const frame = responseDeserialize(responseSerialize({ lane: 'a#0', events: [marketDataMessage(event)] }));
  return (frame as { events: { data: object }[] }).events[0].data;
}

describe("the market data service's .proto files", () => {
  it('have the methods of the specification', () => {
    expect(methodsOf(stream)).toEqual([
      'streamMarketData',
      'streamHistoricalData',
      'manageSubscription',
      'exchange',
      'publish',
      'publishStream',
    ]);
    // Of the administration, which is the same in every service.
    const manager = (name: string) => methodsOf(service(MANAGEMENT_PROTOS, `${MANAGEMENT_PACKAGE}.${name}`));
    expect(manager('TopicManager')).toEqual(
      expect.arrayContaining(['createTopic', 'deleteTopic', 'getTopicStats', 'listTopics']),
    );
    expect(manager('SubscriptionManager')).toEqual(
      expect.arrayContaining(['createSubscription', 'deleteSubscription', 'getSubscriptionStats']),
    );
  });

  it('carry a trade with every digit of its price, and its time in microseconds', () => {
    const timestamp = '2025-06-21T09:30:00.200123Z';
    expect(sent(aTrade({ price: '0.123456789012345678', volume: Number.MAX_SAFE_INTEGER, timestamp }))).toMatchObject({
      data_type: 'TRADE',
      symbol: 'AAPL',
      exchange: 'NASDAQ',
      currency: 'USD',
      asset_class: 'equities',
      timestamp: 1_750_498_200_200_123,
      price: { text: '0.123456789012345678', value: 0.12345678901234568 },
      volume: Number.MAX_SAFE_INTEGER,
    });
  });

  it('carry quotes, bars and statuses', () => {
    expect(sent(aQuote({ ask_price: undefined, ask_size: undefined }))).toMatchObject({
      data_type: 'QUOTE',
      bid_price: { text: '150.24', value: 150.24 },
      bid_size: 300,
    });
    const bar = { symbol: 'A', exchange: 'XNAS', interval: '1d', open: 1, high: 2, low: 0.5, close: 1, volume: 0 };
    expect(sent({ data_type: 'BAR', data: bar })).toMatchObject({
      data_type: 'BAR',
      interval: '1d',
      low: { text: '0.5', value: 0.5 },
      volume: 0,
    });
    const gap = { status: 'sequence_gap', source: 's', first_missing: 2, last_missing: 3 };
    expect(sent({ data_type: 'STATUS', data: gap })).toMatchObject({
      data_type: 'STATUS',
      status: 'sequence_gap',
      first_missing: 2,
    });
  });
});
