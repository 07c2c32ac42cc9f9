import { FakeClock } from '@distributary/distribution-core/testing';
import { isoOfMicros } from '@distributary/distribution-service';
import { parseHistoryQuery, parseLatestQuery, symbolNotFound } from './history-query.js';

const clock = new FakeClock();
const now = clock.nowMicros();
const refusal = (...problems: [string, string][]) =>
  expect.objectContaining({ code: 'request.invalid', problems: problems.map(([path, rule]) => ({ path, rule })) });
const TIME_RULE = 'must be an ISO 8601 time with its offset, such as 2025-06-21T09:30:00Z';
const RANGE_RULE = 'must be a time between 1970 and 2255';
const SYMBOL_RULE = 'must be 1 to 32 letters, digits or ./:^=$&+!#@_- with a letter or digit among them';

describe('a question about the past', () => {
  it('is about the last hundred minutes, if nothing is said', () => {
    expect(parseHistoryQuery('AAPL', {}, clock)).toEqual({
      symbol: 'AAPL',
      exchange: undefined,
      interval: '1m',
      fromMicros: now - 100 * 60_000_000,
      toMicros: now,
      limit: 100,
    });
    expect(parseHistoryQuery('AAPL', undefined, clock).limit).toBe(100);
  });

  it('takes the texts of a query, and the numbers of a message', () => {
    const query = {
      start_time: '2025-06-21T09:30:00Z',
      end_time: '2025-06-21T12:30:00.000001+02:00',
      interval: '1h',
      limit: '2',
      exchange: 'nasdaq',
    };
    const expected = {
      symbol: 'BRK.B',
      exchange: 'NASDAQ',
      interval: '1h',
      fromMicros: 1_750_498_200_000_000,
      toMicros: 1_750_501_800_000_001,
      limit: 2,
    };
    expect(parseHistoryQuery('BRK.B', query, clock)).toEqual(expected);
    expect(parseHistoryQuery('BRK.B', { ...query, limit: 2 }, clock)).toEqual(expected);
  });

  it.each([
    ['A B', {}, [['symbol', SYMBOL_RULE]]],
    ['A', { interval: '2m' }, [['interval', 'must be one of 1m, 5m, 1h, 1d']]],
    ['A', { limit: '5001' }, [['limit', 'must be a whole number from 1 to 5000']]],
    ['A', { limit: '0' }, [['limit', 'must be a whole number from 1 to 5000']]],
    ['A', { limit: '1.5' }, [['limit', 'must be a whole number from 1 to 5000']]],
    ['A', { limit: 'all' }, [['limit', 'must be a whole number from 1 to 5000']]],
    ['A', { start_time: 'yesterday' }, [['start_time', TIME_RULE]]],
    [
      'A',
      { start_time: '2025-06-21T09:30:00Z', end_time: '2025-06-21T09:30:00Z' },
      [['end_time', 'must be after start_time']],
    ],
    ['A', { start_time: '2199-01-01T00:00:00Z' }, [['end_time', 'must be after start_time; it is now by default']]],
    ['A', { end_time: '1970-01-01T00:00:00Z' }, [['end_time', 'must be after 1970']]],
    ['A', { end_time: '9999-12-31T23:59:59Z' }, [['end_time', RANGE_RULE]]],
    ['A', { start_time: '2025-06-21T09:30:00Z', end_time: '9999-12-31T23:59:59Z' }, [['end_time', RANGE_RULE]]],
    [
      'A',
      { start_time: '1960-01-01T00:00:00Z', end_time: '9999-12-31T23:59:59Z', limit: '0x10' },
      [
        ['limit', 'must be a whole number from 1 to 5000'],
        ['start_time', RANGE_RULE],
        ['end_time', RANGE_RULE],
      ],
    ],
    [
      '',
      { interval: '2m', limit: 0, end_time: '' },
      [
        ['symbol', SYMBOL_RULE],
        ['end_time', TIME_RULE],
        ['interval', 'must be one of 1m, 5m, 1h, 1d'],
        ['limit', 'must be a whole number from 1 to 5000'],
      ],
    ],
  ] as const)('of %j by %j is refused', (symbol, query, problems) => {
    expect(() => parseHistoryQuery(symbol, query, clock)).toThrow(
      refusal(...problems.map(([path, rule]): [string, string] => [path, rule])),
    );
  });

  it('reaches back to the beginning of time at most', () => {
    const { fromMicros } = parseHistoryQuery(
      'A',
      { interval: '1d', limit: 5_000, end_time: isoOfMicros(1_000_000) },
      clock,
    );
    expect(fromMicros).toBe(0);
  });
});

describe('a question about the present', () => {
  it('names a symbol, perhaps an exchange and a type', () => {
    expect(parseLatestQuery('^GSPC', undefined)).toEqual({ symbol: '^GSPC', exchange: undefined, dataType: undefined });
    expect(parseLatestQuery('AAPL', { exchange: 'xnas', data_type: 'QUOTE' })).toEqual({
      symbol: 'AAPL',
      exchange: 'XNAS',
      dataType: 'QUOTE',
    });
    expect(() => parseLatestQuery('*', { data_type: 'STATUS' })).toThrow(
      refusal(['symbol', SYMBOL_RULE], ['data_type', 'must be one of TRADE, QUOTE, BAR']),
    );
  });

  it('about what nobody heard of has an answer of its own', () => {
    expect(symbolNotFound({ symbol: 'ZZZ', exchange: undefined })).toMatchObject({ code: 'symbol.not_found' });
    expect(symbolNotFound({ symbol: 'ZZZ', exchange: 'XNAS' }).message).toBe('nothing of a symbol ZZZ at XNAS');
  });
});
