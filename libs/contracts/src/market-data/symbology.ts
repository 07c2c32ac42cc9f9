import { z } from 'zod';
import { ASSET_CLASSES, type AssetClass } from './vocabulary.js';
import { isCurrency } from './iso-4217.js';

/** `AAPL`, `BRK.B`, `EUR/USD`, `ES=F`, `^GSPC`: case counts, since some exchanges tell shares apart by it. */
export const SYMBOL = /^(?=.*[A-Za-z0-9])[A-Za-z0-9./:^=$&+!#@_-]{1,32}$/;
export const SYMBOL_RULE = 'must be 1 to 32 letters, digits or ./:^=$&+!#@_- with a letter or digit among them';

/** An ISO 10383 MIC (`XNAS`) or the usual name of a venue in one word (`NASDAQ`). */
export const EXCHANGE = /^[A-Z][A-Z0-9_-]{1,15}$/;
export const EXCHANGE_RULE = 'must be a word of 2 to 16 letters, digits, _ or -, such as XNAS or NASDAQ';

/** What crypto is paid in has no code of the norm: `USDT`, `BTC`. */
export const COIN = /^[A-Z0-9]{2,10}$/;
export const CURRENCY_RULE = 'must be a currency of ISO 4217, such as USD';
export const COIN_RULE = 'must be a currency or coin of 2 to 10 letters or digits, such as USD or USDT';

export const ASSET_CLASS_RULE = `must be one of ${ASSET_CLASSES.join(', ')}`;

export const symbolSchema = z.string({ error: SYMBOL_RULE }).regex(SYMBOL, SYMBOL_RULE);

const upperCase = (text: string): string => text.toUpperCase();

/** Producers write `nasdaq` and `NASDAQ`; inside there is one spelling. */
export const exchangeSchema = z
  .string({ error: EXCHANGE_RULE })
  .max(16, EXCHANGE_RULE)
  .transform(upperCase)
  .refine((word) => EXCHANGE.test(word), EXCHANGE_RULE);

/** Of some asset class; whether it suits the class of its event is for the event. */
export const currencySchema = z
  .string({ error: CURRENCY_RULE })
  .max(10, CURRENCY_RULE)
  .transform(upperCase)
  .refine((word) => COIN.test(word), COIN_RULE);

export const assetClassSchema = z
  .string({ error: ASSET_CLASS_RULE })
  .max(16, ASSET_CLASS_RULE)
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(ASSET_CLASSES, { error: ASSET_CLASS_RULE }));

/** Which rule a currency breaks as that of an asset class; undefined: none. */
export function currencyRule(currency: string, assetClass: AssetClass): string | undefined {
  if (assetClass === 'crypto') return COIN.test(currency) ? undefined : COIN_RULE;
  return isCurrency(currency) ? undefined : CURRENCY_RULE;
}
