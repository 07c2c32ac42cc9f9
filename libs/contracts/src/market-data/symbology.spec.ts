import { isCurrency } from './iso-4217.js';
import { currencyRule, symbolSchema } from './symbology.js';

describe('symbols', () => {
  it.each(['AAPL', 'BRK.B', 'BACpB', 'EUR/USD', 'ES=F', '^GSPC', 'BTC-USDT', '$SPX', 'ES1!', '@ES#', '7203', 'A'])(
    'can be %s',
    (symbol) => expect(symbolSchema.parse(symbol)).toBe(symbol),
  );
  it.each(['', ' ', 'A A', 'A,B', 'A*', '...', 'Ä', 'A\n', '"A"', 'A'.repeat(33), 7, null])('cannot be %j', (symbol) =>
    expect(symbolSchema.safeParse(symbol).success).toBe(false),
  );
});

describe('currencies', () => {
  it('are those of ISO 4217; crypto is also paid in coins', () => {
    expect(['USD', 'EUR', 'JPY', 'XAU', 'CNH'].every(isCurrency)).toBe(true);
    expect(['USDT', 'ZZZ', 'usd', ''].some(isCurrency)).toBe(false);
    expect(currencyRule('USDT', 'equities')).toMatch('ISO 4217');
    expect(currencyRule('USDT', 'crypto')).toBeUndefined();
    expect(currencyRule('usdt', 'crypto')).toMatch('coin');
    expect(currencyRule('USD', 'indices')).toBeUndefined();
  });
});
