import { marketDataMessage } from './market-data-message.js';

describe('marketDataMessage', () => {
  it('has prices as exact texts and as doubles, and times in microseconds', () => {
    expect(
      marketDataMessage({
        event_id: 'e',
        timestamp: '2025-06-21T09:30:00.225123Z',
        data_type: 'TRADE',
        distribution: { topic: 'market-data/normalized/crypto' },
        data: {
          symbol: 'BTC-USDT',
          exchange: 'BINANCE',
          asset_class: 'crypto',
          timestamp: '1970-01-01T00:00:01.5Z',
          sequence: 7,
          price: '65000.1234567890123',
          volume: 3,
          side: 'buy',
          conditions: ['x'],
        },
        routing: {
          routing_key: 'BTC-USDT.BINANCE.trade',
          target_workflows: ['w'],
          delivery_guarantees: 'at_least_once',
        },
        metadata: { source: 's', late: true },
      }),
    ).toEqual({
      event_id: 'e',
      timestamp: 1_750_498_200_225_123,
      data: {
        data_type: 'TRADE',
        symbol: 'BTC-USDT',
        exchange: 'BINANCE',
        asset_class: 'crypto',
        timestamp: 1_500_000,
        sequence: 7,
        price: { text: '65000.1234567890123', value: 65000.1234567890123 },
        volume: 3,
        side: 'buy',
        conditions: ['x'],
      },
      metadata: {
        topic: 'market-data/normalized/crypto',
        routing_key: 'BTC-USDT.BINANCE.trade',
        target_workflows: ['w'],
        delivery_guarantees: 'at_least_once',
        source: 's',
        late: true,
      },
    });
  });

  it('leaves empty what is missing or is something else', () => {
    const metadata = { topic: '', routing_key: '', target_workflows: [], delivery_guarantees: '', late: false };
    const data = { data_type: '', symbol: '', exchange: '', asset_class: '', timestamp: 0 };
    const empty = { event_id: '', timestamp: 0, data, metadata };
    expect(marketDataMessage(null)).toEqual(empty);
    expect(marketDataMessage({ data: { price: {}, volume: -1, sequence: 'x', side: 3, symbol: 1 } })).toEqual(empty);
  });
});
