import type { MarketDataDistributed } from '@distributary/contracts';
import type { AttributeValue, Clock, IdSource } from '@distributary/distribution-core';
import { copyOf, hashWith, isSame, KindTable, parsedObject, readExactJson } from '@distributary/distribution-service';
import { parseMarketDataEvent, toPublishedEvent } from '../market-data-event.js';
import { type Key, keyOf } from './instruments.js';
import type { TickScan } from './tick-scan.js';

/** All that is the same in the trades, or in the quotes, of one source, made of the first of them by the schema. */
export interface TickKind {
  readonly topic: string;
  /** Undefined: that of the instrument. */
  readonly key: Key | undefined;
  readonly dataType: 'TRADE' | 'QUOTE';
  readonly assetClass: AttributeValue;
  /** The attributes besides these, those of the instrument, and the figures. */
  readonly others: readonly (readonly [string, AttributeValue])[];
  /** Of the stored form: from behind the time to the data. */
  readonly beforeData: Uint8Array;
  /** What the data is to say of its asset class, if it does not. */
  readonly behindData: Uint8Array;
  /** From there to the routing key. */
  readonly beforeKey: Uint8Array;
  /** From behind the routing key to the end. */
  readonly behindKey: Uint8Array;
}

interface KnownKind extends TickKind {
  readonly isQuote: boolean;
  readonly currency: Uint8Array;
  readonly writtenClass: Uint8Array;
  readonly routing: Uint8Array;
  readonly metadata: Uint8Array;
}

const IN_EACH: ReadonlySet<string> = new Set(['data_type', 'symbol', 'exchange', 'price', 'volume']);
/** Of an event whose figures say nothing. */
const FIGURES = { TRADE: { price: 1, volume: 1 }, QUOTE: { ask_price: 1, ask_size: 1 } } as const;

/** The kinds of trades and quotes that were seen lately; some 20 MB at the very most. */
export class TickKinds extends KindTable<KnownKind, TickScan> {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
  ) {
    super();
  }

  protected hashOf(scan: TickScan): number {
    const { currencyHash, assetClassHash, routingHash, metadataHash, isQuote } = scan;
    const ofRest = hashWith(hashWith(routingHash, metadataHash), isQuote ? 1 : 0);
    return hashWith(hashWith(ofRest, currencyHash), assetClassHash);
  }

  protected isKind(kind: KnownKind, scan: TickScan, bytes: Uint8Array): boolean {
    return (
      kind.isQuote === scan.isQuote &&
      isSame(kind.currency, bytes, scan.currencyStart, scan.currencyEnd) &&
      isSame(kind.writtenClass, bytes, scan.assetClassStart, scan.assetClassEnd) &&
      isSame(kind.routing, bytes, scan.routingStart, scan.routingEnd) &&
      isSame(kind.metadata, bytes, scan.metadataStart, scan.metadataEnd)
    );
  }

  protected make(scan: TickScan, bytes: Buffer): KnownKind | undefined {
    const { routingStart, routingEnd, metadataStart, metadataEnd, isQuote } = scan;
    const routing = exactObject(bytes.toString('utf8', routingStart, routingEnd) || 'null');
    const metadata = exactObject(bytes.toString('utf8', metadataStart, metadataEnd) || 'null');
    if (routing === undefined || metadata === undefined) return undefined;
    const currency = bytes.toString('utf8', scan.currencyStart, scan.currencyEnd);
    const assetClass = bytes.toString('utf8', scan.assetClassStart, scan.assetClassEnd);
    const dataType = isQuote ? 'QUOTE' : 'TRADE';
    const event = parseMarketDataEvent(
      {
        event_id: 'e',
        timestamp: '1970-01-01T00:00:00Z',
        data_type: dataType,
        data: {
          // That of the event is for its instrument.
          ...{ symbol: 'A', exchange: 'AA' },
          ...(currency !== '' && { currency }),
          ...(assetClass !== '' && { asset_class: assetClass }),
          ...FIGURES[dataType],
        },
        ...(routing !== null && { routing }),
        ...(metadata !== null && { metadata }),
      },
      0,
      [],
    );
    if (event === undefined) return undefined;
    const { topic, record } = toPublishedEvent(event, this.clock, this.ids);
    const stored = JSON.parse(Buffer.from(record.value).toString()) as MarketDataDistributed;
    // Written in another way than it is stored, it would have to be rewritten in each event.
    const isAsStored =
      (currency === '' || stored.data.currency === currency) &&
      (assetClass === '' || stored.data.asset_class === assetClass);
    if (!isAsStored) return undefined;
    const { routing_key: key, ...restOfRouting } = stored.routing;
    const { asset_class: ownClass, ...attributes } = record.attributes;
    return {
      topic,
      key: event.routing?.routing_key === undefined ? undefined : keyOf(key),
      dataType,
      assetClass: ownClass,
      others: Object.entries(attributes).filter(([name]) => !IN_EACH.has(name)),
      beforeData: Buffer.from(
        `","data_type":"${dataType}","distribution":${JSON.stringify(stored.distribution)},"data":{`,
      ),
      behindData: Buffer.from(assetClass === '' ? `,"asset_class":"${String(stored.data.asset_class)}"` : ''),
      beforeKey: Buffer.from('},"routing":{"routing_key":'),
      behindKey: Buffer.from(
        `,${JSON.stringify(restOfRouting).slice(1)},"metadata":${JSON.stringify(stored.metadata)}}`,
      ),
      isQuote,
      currency: copyOf(bytes, scan.currencyStart, scan.currencyEnd),
      writtenClass: copyOf(bytes, scan.assetClassStart, scan.assetClassEnd),
      routing: copyOf(bytes, routingStart, routingEnd),
      metadata: copyOf(bytes, metadataStart, metadataEnd),
    };
  }
}

/** Null of none. Undefined if it is no JSON, or a number in it has lost digits. */
function exactObject(text: string): unknown {
  const { value, rounded } = readExactJson(text, parsedObject);
  return rounded.length > 0 ? undefined : value;
}
