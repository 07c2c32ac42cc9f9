import { marketDataDistributionSchema } from '@distributary/contracts';
import { ColumnMap, type Mapping, timeMsOf } from './column-map.js';
import { fieldValue } from './fields.js';

const aMapping = (more: Partial<Mapping> = {}): Mapping => ({
  ...{ type: 'TRADE', columns: {}, constants: {}, source: 'tape.csv', timeUnit: 'ms' },
  ...more,
});

describe('the columns of a file', () => {
  it('are fields of the same name, whatever the case, and others are left out', () => {
    const map = new ColumnMap(['Volume', 'note', 'SYMBOL', 'price', 'exchange', 'timestamp'], aMapping());
    expect(map.columns).toEqual(['SYMBOL', 'exchange', 'timestamp', 'price', 'Volume']);
    const event = map.eventOf(['AAPL', 'XNAS', '2025-06-21 09:30:00.5', '150.2500000000000001', '100'], 'replay:1');
    expect(event).toEqual({
      event_id: 'replay:1',
      data_type: 'TRADE',
      data: {
        ...{ symbol: 'AAPL', exchange: 'XNAS', timestamp: '2025-06-21T09:30:00.5Z' },
        ...{ price: '150.2500000000000001', volume: 100 },
      },
      metadata: { source: 'tape.csv', replayed: true },
    });
    const stored = marketDataDistributionSchema.parse(event);
    expect(stored.data).toMatchObject({ price: '150.2500000000000001' });
    expect(timeMsOf(event)).toBe(Date.parse('2025-06-21T09:30:00.500Z'));
  });

  it('may be named otherwise, and fields may be the same in all rows', () => {
    const columns = { timestamp: 'date' };
    const constants = { symbol: 'SPX', exchange: 'SPDJI', interval: '1d', asset_class: 'indices' };
    const mapping = aMapping({ type: 'BAR', columns, constants, topic: 'market-data/bars/indices' });
    const map = new ColumnMap(['date', 'open', 'high', 'low', 'close', 'adjclose', 'volume'], mapping);
    expect(map.columns).toEqual(['date', 'open', 'high', 'low', 'close', 'volume']);
    const event = map.eventOf(['2000-01-03', '1469.25', '1478.0', '1438.36', '1455.22', '931800000'], 'replay:1');
    expect(event).toMatchObject({
      data: { ...constants, timestamp: '2000-01-03T00:00:00Z', high: '1478.0', volume: 931_800_000 },
      routing: { topic: 'market-data/bars/indices' },
    });
  });

  it('that are missing are all named at once, with what there is', () => {
    const mapping = aMapping({ columns: { price: 'paid', colour: 'hue' }, constants: { exchange: 'XNAS' } });
    expect(() => new ColumnMap(['symbol', 'exchange'], mapping)).toThrow(
      /^colour is no field of a TRADE; .*\nthere is no column paid for price\nthere is no column for volume\ncolumns of the file: symbol, exchange$/,
    );
  });

  it('leave a field out where a row has nothing', () => {
    const map = new ColumnMap(['symbol', 'exchange', 'bid_price'], aMapping({ type: 'QUOTE' }));
    expect(map.eventOf(['AAPL', 'XNAS', null], 'replay:1').data).toEqual({ symbol: 'AAPL', exchange: 'XNAS' });
  });
});

describe('the text of a column', () => {
  it.each([
    ['2025-06-21', '2025-06-21T00:00:00Z'],
    ['2025-06-21 09:30', '2025-06-21T09:30:00Z'],
    ['2025-06-21T09:30:00.123456Z', '2025-06-21T09:30:00.123456Z'],
    ['2025-06-21 09:30:00+00', '2025-06-21T09:30:00+00:00'],
    ['2025-06-21 09:30:00.5-0530', '2025-06-21T09:30:00.5-05:30'],
    ['1750498200123', '2025-06-21T09:30:00.123000Z'],
    ['yesterday', 'yesterday'],
  ])('%s is the time %s', (text, time) => {
    expect(fieldValue(text, 'time', 'ms')).toBe(time);
  });

  it('of a time counts units since 1970, to the microsecond', () => {
    expect(fieldValue('1750498200', 'time', 's')).toBe('2025-06-21T09:30:00.000000Z');
    expect(fieldValue('1750498200123456789', 'time', 'ns')).toBe('2025-06-21T09:30:00.123456Z');
    expect(fieldValue('99999999999999', 'time', 's')).toBe('99999999999999');
  });

  it.each([
    ['1000', 'whole', 1_000],
    ['1000.0', 'whole', 1_000],
    ['1.5', 'whole', '1.5'],
    ['9007199254740993', 'whole', '9007199254740993'],
    ['0.10', 'decimal', '0.10'],
    ['1e-07', 'decimal', 1e-7],
    ['n/a', 'decimal', 'n/a'],
  ] as const)('%s as a %s is %p', (text, kind, value) => {
    expect(fieldValue(text, kind, 'ms')).toBe(value);
  });
});
