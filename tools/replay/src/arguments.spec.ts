import { argumentsOf } from './arguments.js';

describe('what a replay is told', () => {
  it('is a file of trades at the speed of their recording, unless it says otherwise', () => {
    expect(argumentsOf(['tapes/day.csv'], {})).toEqual({
      file: 'tapes/day.csv',
      mapping: { type: 'TRADE', columns: {}, constants: {}, source: 'day.csv', timeUnit: 'ms' },
      speed: 1,
      fromRow: 1,
      isAgain: false,
      url: 'http://127.0.0.1:7102/api/v1/market-data/stream',
    });
  });

  it('may name columns, constants, a topic and another service', () => {
    const args =
      '--type bar --speed max --columns close=adj --columns open=o,high=h --set interval=1d --topic a/b --again --from-row 7';
    const env = { DISTRIBUTARY_URL: 'https://prices.example', DISTRIBUTARY_TOKEN: 'key' };
    expect(argumentsOf([...args.split(' '), 'day.parquet'], env)).toEqual({
      file: 'day.parquet',
      mapping: {
        type: 'BAR',
        columns: { close: 'adj', open: 'o', high: 'h' },
        constants: { interval: '1d' },
        topic: 'a/b',
        source: 'day.parquet',
        timeUnit: 'ms',
      },
      speed: Number.POSITIVE_INFINITY,
      fromRow: 7,
      isAgain: true,
      url: 'https://prices.example/api/v1/market-data/stream',
      token: 'key',
    });
  });

  it.each([
    [[], 'one file'],
    [['a.csv', 'b.csv'], 'one file'],
    [['a.csv', '--speed', '0'], '--speed must be a number above 0, or max'],
    [['a.csv', '--from-row', '0'], '--from-row must be a whole number from 1 on'],
    [['a.csv', '--type', 'TICK'], '--type must be one of TRADE, QUOTE, BAR (given: TICK)'],
    [['a.csv', '--columns', 'price'], '--columns must be field=… with commas between (given: price)'],
    [['a.csv', '--time-unit', 'h'], '--time-unit must be one of s, ms, us, ns (given: h)'],
    [['a.csv', '--url', 'here'], '--url: not a URL: here'],
    [['a.csv', '--fast'], 'usage:'],
    [['a.csv', '--token-file', '/nowhere/key'], '/nowhere/key: ENOENT'],
  ])('is refused with what is wrong: %j', (args, problem) => {
    expect(() => argumentsOf(args, {})).toThrow(problem);
  });
});
