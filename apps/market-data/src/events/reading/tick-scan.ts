import { bytesOfText, EventScan } from '@distributary/distribution-service';
import { FigureScan } from './figure-scan.js';

const [QUOTE_MARK, COMMA, OPEN_BRACKET, CLOSE_BRACKET] = [0x22, 0x2c, 0x5b, 0x5d];

const SYMBOL = bytesOfText('symbol');
const EXCHANGE = bytesOfText('exchange');
const CURRENCY = bytesOfText('currency');
const ASSET_CLASS = bytesOfText('asset_class');
const TIMESTAMP = bytesOfText('timestamp');
const SEQUENCE = bytesOfText('sequence');
const PRICE = bytesOfText('price');
const VOLUME = bytesOfText('volume');
const TRADE_ID = bytesOfText('trade_id');
const SIDE = bytesOfText('side');
const CONDITIONS = bytesOfText('conditions');
const BID_PRICE = bytesOfText('bid_price');
const BID_SIZE = bytesOfText('bid_size');
const ASK_PRICE = bytesOfText('ask_price');
const ASK_SIZE = bytesOfText('ask_size');
const TRADE = bytesOfText('TRADE');
const QUOTE = bytesOfText('QUOTE');
const BUY = bytesOfText('buy');
const SELL = bytesOfText('sell');

/** The limits of the schema, in characters; a character has at least one byte. */
const MAX_WORD = 32;
const MAX_TRADE_ID = 100;
const MAX_CONDITION = 32;
const MAX_CONDITIONS = 16;
/** What of the data was there. */
const HAS = {
  ...{ symbol: 1, exchange: 2, currency: 4, assetClass: 8, time: 16, sequence: 32 },
  ...{ price: 64, volume: 128, tradeId: 256, side: 512, conditions: 1_024 },
  ...{ bidPrice: 2_048, bidSize: 4_096, askPrice: 8_192, askSize: 16_384 },
} as const;
const OF_BOTH = HAS.symbol | HAS.exchange;
const OF_TRADES = HAS.price | HAS.volume | HAS.tradeId | HAS.side | HAS.conditions;
const OF_QUOTES = HAS.bidPrice | HAS.bidSize | HAS.askPrice | HAS.askSize;

/**
 * Where things stand in a trade or a quote of the plain form: only the fields that the schema names, each once, prices and sizes of at
 * most 15 digits and not below zero. Nearly all of them are written so. What is not is left to the schema.
 */
export class TickScan extends EventScan {
  isQuote = false;
  symbolStart = 0;
  symbolEnd = 0;
  symbolHash = 0;
  exchangeStart = 0;
  exchangeEnd = 0;
  exchangeHash = 0;
  /** Empty if there is none. */
  currencyStart = 0;
  currencyEnd = 0;
  currencyHash = 0;
  assetClassStart = 0;
  assetClassEnd = 0;
  assetClassHash = 0;
  /** When it happened, if the data says so itself. */
  happenedMicros = Number.NaN;
  /** -1: it has none. */
  sequence = -1;
  /** Of a trade. */
  price = 0;
  volume = 0;
  /** Of a quote. */
  bidPrice: number | undefined;
  bidSize: number | undefined;
  askPrice: number | undefined;
  askSize: number | undefined;
  /**
   * What is not part of the stored form, in its order: where it begins and ends. The marks of prices that are written as texts,
   * and zeros at the end of a fraction.
   */
  readonly cuts = new Int32Array(8);
  cutCount = 0;
  private parts = 0;
  private readonly figures = new FigureScan();

  override scan(bytes: Uint8Array, start: number): number {
    this.currencyStart = this.currencyEnd = this.currencyHash = 0;
    this.assetClassStart = this.assetClassEnd = this.assetClassHash = 0;
    this.happenedMicros = Number.NaN;
    this.sequence = -1;
    this.bidPrice = this.bidSize = this.askPrice = this.askSize = undefined;
    this.cutCount = 0;
    const end = super.scan(bytes, start);
    return end >= 0 && (this.isQuote ? this.isWholeQuote() : this.isWholeTrade()) ? end : -1;
  }

  protected takeType(start: number, end: number): boolean {
    if (end - start !== TRADE.length) return false;
    this.isQuote = this.is(QUOTE, start);
    return this.isQuote || this.is(TRADE, start);
  }

  protected isWhole(parts: number): boolean {
    this.parts = parts;
    return (parts & OF_BOTH) === OF_BOTH;
  }

  private isWholeTrade(): boolean {
    const needed = HAS.price | HAS.volume;
    return (this.parts & needed) === needed && (this.parts & OF_QUOTES) === 0;
  }

  /** The rules between its fields, as the schema has them. */
  private isWholeQuote(): boolean {
    const { bidPrice: bid, bidSize, askPrice: ask, askSize } = this;
    if ((this.parts & OF_TRADES) !== 0) return false;
    if ((bid === undefined && bidSize !== undefined) || (ask === undefined && askSize !== undefined)) return false;
    return bid === undefined || ask === undefined ? bid !== ask : bid <= ask;
  }

  protected dataPartAt(start: number, end: number): number {
    switch (end - start) {
      case 4:
        return this.is(SIDE, start) ? HAS.side : 0;
      case 5:
        return this.is(PRICE, start) ? HAS.price : 0;
      case 6:
        if (this.is(SYMBOL, start)) return HAS.symbol;
        return this.is(VOLUME, start) ? HAS.volume : 0;
      case 8:
        if (this.is(EXCHANGE, start)) return HAS.exchange;
        if (this.is(CURRENCY, start)) return HAS.currency;
        if (this.is(SEQUENCE, start)) return HAS.sequence;
        if (this.is(BID_SIZE, start)) return HAS.bidSize;
        if (this.is(ASK_SIZE, start)) return HAS.askSize;
        return this.is(TRADE_ID, start) ? HAS.tradeId : 0;
      case 9:
        if (this.is(TIMESTAMP, start)) return HAS.time;
        if (this.is(BID_PRICE, start)) return HAS.bidPrice;
        return this.is(ASK_PRICE, start) ? HAS.askPrice : 0;
      case 10:
        return this.is(CONDITIONS, start) ? HAS.conditions : 0;
      case 11:
        return this.is(ASSET_CLASS, start) ? HAS.assetClass : 0;
      default:
        return 0;
    }
  }

  protected dataValue(part: number, at: number): number {
    let end: number;
    switch (part) {
      case HAS.symbol:
        end = this.word(at, MAX_WORD);
        this.symbolStart = this.textStart;
        this.symbolEnd = end - 1;
        this.symbolHash = this.hash;
        return end;
      case HAS.exchange:
        end = this.word(at, MAX_WORD);
        this.exchangeStart = this.textStart;
        this.exchangeEnd = end - 1;
        this.exchangeHash = this.hash;
        return end;
      case HAS.currency:
        end = this.word(at, MAX_WORD);
        this.currencyStart = this.textStart;
        this.currencyEnd = end - 1;
        this.currencyHash = this.hash;
        return end;
      case HAS.assetClass:
        end = this.word(at, MAX_WORD);
        this.assetClassStart = this.textStart;
        this.assetClassEnd = end - 1;
        this.assetClassHash = this.hash;
        return end;
      case HAS.time:
        end = this.time(at);
        this.happenedMicros = this.micros;
        return end;
      case HAS.tradeId:
        return this.word(at, MAX_TRADE_ID);
      case HAS.side:
        return this.side(at);
      case HAS.conditions:
        return this.conditions(at);
      default:
        return this.figure(part, at);
    }
  }

  private figure(part: number, at: number): number {
    let end: number;
    switch (part) {
      case HAS.sequence:
        end = this.figures.whole(this.bytes, at);
        this.sequence = this.figures.value;
        return end;
      case HAS.volume:
        end = this.figures.whole(this.bytes, at);
        this.volume = this.figures.value;
        return end;
      case HAS.bidSize:
        end = this.figures.whole(this.bytes, at);
        this.bidSize = this.figures.value;
        return end;
      case HAS.askSize:
        end = this.figures.whole(this.bytes, at);
        this.askSize = this.figures.value;
        return end;
      case HAS.price:
        end = this.decimalOrText(at);
        this.price = this.figures.value;
        return end;
      case HAS.bidPrice:
        end = this.decimalOrText(at);
        this.bidPrice = this.figures.value;
        return end;
      default:
        end = this.decimalOrText(at);
        this.askPrice = this.figures.value;
        return end;
    }
  }

  private side(at: number): number {
    const end = this.word(at, MAX_WORD);
    const length = end - 1 - this.textStart;
    const isSide =
      (length === BUY.length && this.is(BUY, this.textStart)) ||
      (length === SELL.length && this.is(SELL, this.textStart));
    return isSide ? end : -1;
  }

  private conditions(start: number): number {
    const { bytes } = this;
    if (bytes[start] !== OPEN_BRACKET) return -1;
    let at = this.blanks(start + 1);
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    for (let count = 1; count <= MAX_CONDITIONS; count++) {
      at = this.word(at, MAX_CONDITION);
      if (at < 0) return -1;
      at = this.blanks(at);
      if (bytes[at] === CLOSE_BRACKET) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at = this.blanks(at + 1);
    }
    return -1;
  }

  /** A decimal, as a number or as a text, of which the one form is stored that there is. */
  private decimalOrText(at: number): number {
    const isText = this.bytes[at] === QUOTE_MARK;
    const end = this.figures.decimal(this.bytes, isText ? at + 1 : at);
    if (end < 0 || (isText && this.bytes[end] !== QUOTE_MARK)) return -1;
    const behind = isText ? end + 1 : end;
    if (isText) this.cut(at, at + 1);
    if (this.figures.digitsEnd < behind) this.cut(this.figures.digitsEnd, behind);
    return behind;
  }

  private cut(from: number, to: number): void {
    this.cuts[this.cutCount++] = from;
    this.cuts[this.cutCount++] = to;
  }
}
