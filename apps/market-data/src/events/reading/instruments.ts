import { EXCHANGE, SYMBOL } from '@distributary/contracts';
import { bytesOfText, copyOf, hashWith, isSame, KindTable } from '@distributary/distribution-service';
import { routingKeyOf } from '../../symbology/routing-key.js';
import type { TickScan } from './tick-scan.js';

/** A routing key, and the JSON of it. */
export interface Key {
  readonly text: string;
  readonly json: Uint8Array;
}

/** A symbol at an exchange, and the keys of its events if their producer names none of his own. */
export interface Instrument {
  readonly symbol: string;
  readonly exchange: string;
  readonly trades: Key;
  readonly quotes: Key;
}

interface KnownInstrument extends Instrument {
  readonly symbolBytes: Uint8Array;
  readonly exchangeBytes: Uint8Array;
}

/** All symbols of some exchanges; some 60 MB at the very most. */
const MAX_INSTRUMENTS = 65_536;

/** The symbols that were seen lately, as the schema would have them: nothing in them has to be rewritten. */
export class Instruments extends KindTable<KnownInstrument, TickScan> {
  constructor() {
    // To make one is cheaper than to parse its event, each time.
    super(MAX_INSTRUMENTS, Number.POSITIVE_INFINITY);
  }

  protected hashOf({ symbolHash, exchangeHash }: TickScan): number {
    return hashWith(symbolHash, exchangeHash);
  }

  protected isKind({ symbolBytes, exchangeBytes }: KnownInstrument, scan: TickScan, bytes: Uint8Array): boolean {
    return (
      isSame(symbolBytes, bytes, scan.symbolStart, scan.symbolEnd) &&
      isSame(exchangeBytes, bytes, scan.exchangeStart, scan.exchangeEnd)
    );
  }

  protected make(scan: TickScan, bytes: Buffer): KnownInstrument | undefined {
    const { symbolStart, symbolEnd, exchangeStart, exchangeEnd } = scan;
    const symbol = bytes.toString('utf8', symbolStart, symbolEnd);
    const exchange = bytes.toString('utf8', exchangeStart, exchangeEnd);
    if (!SYMBOL.test(symbol) || !EXCHANGE.test(exchange)) return undefined;
    return {
      symbol,
      exchange,
      trades: keyOf(routingKeyOf({ symbol, exchange, dataType: 'TRADE' })),
      quotes: keyOf(routingKeyOf({ symbol, exchange, dataType: 'QUOTE' })),
      symbolBytes: copyOf(bytes, symbolStart, symbolEnd),
      exchangeBytes: copyOf(bytes, exchangeStart, exchangeEnd),
    };
  }
}

export const keyOf = (text: string): Key => ({ text, json: bytesOfText(JSON.stringify(text)) });
