import type { Attributes, AttributeValue, Clock, IdSource } from '@distributary/distribution-core';
import { bytesOfText, PlainBody, type PlainEvents } from '@distributary/distribution-service';
import { quotedPrice, quotedVolume } from '../event-attributes.js';
import { MAX_EVENT_BYTES, type ReadEvent } from '../market-data-event.js';
import { type Instrument, Instruments } from './instruments.js';
import { type TickKind, TickKinds } from './tick-kinds.js';
import { TickScan } from './tick-scan.js';

const BEFORE_HAPPENED = bytesOfText(',"timestamp":"');
const MARK = bytesOfText('"');

/**
 * Reads trades and quotes as nearly all of them are written (see {@link TickScan}) without parsing them: their stored form is made of
 * the producer's own bytes. What it makes of an event is, as JSON, what the schema makes of it; a property test holds it to that.
 */
export class TickReader {
  private readonly kinds: TickKinds;
  private readonly instruments = new Instruments();

  constructor(clock: Clock, ids: IdSource) {
    this.kinds = new TickKinds(clock, ids);
  }

  open(body: Buffer): PlainEvents {
    return new TickBody(body, this.kinds, this.instruments);
  }
}

class TickBody extends PlainBody<TickScan> {
  constructor(
    body: Buffer,
    private readonly kinds: TickKinds,
    private readonly instruments: Instruments,
  ) {
    super(body, new TickScan());
  }

  override read(start: number): ReadEvent | undefined {
    const { body, scan } = this;
    const end = scan.scan(body, start);
    if (end < 0) return undefined;
    const instrument = this.instruments.of(scan, body);
    const kind = instrument && this.kinds.of(scan, body);
    if (instrument === undefined || kind === undefined) return undefined;
    this.end = end;
    const key = kind.key ?? (scan.isQuote ? instrument.quotes : instrument.trades);
    const value = this.storedForm(kind, key.json);
    if (value.length > MAX_EVENT_BYTES) return undefined;
    return {
      topic: kind.topic,
      sequence: scan.sequence,
      record: {
        eventId: this.eventId(),
        timeMicros: Number.isNaN(scan.happenedMicros) ? scan.timeMicros : scan.happenedMicros,
        routingKey: key.text,
        attributes: attributesOf(kind, instrument, scan),
        value,
      },
    };
  }

  private storedForm(kind: TickKind, key: Uint8Array): Uint8Array {
    const { scan, body } = this;
    const { beforeData, behindData, beforeKey, behindKey } = kind;
    const ofKind = beforeData.length + behindData.length + beforeKey.length + behindKey.length;
    const ofTime = BEFORE_HAPPENED.length + scan.timeEnd - scan.timeStart + MARK.length;
    const run = this.beginValue(ofKind + scan.dataEnd - scan.dataStart + ofTime + key.length);
    run.add(beforeData);
    let from = scan.dataStart;
    for (let cut = 0; cut < scan.cutCount; cut += 2) {
      run.addPart(body, from, scan.cuts[cut]);
      from = scan.cuts[cut + 1];
    }
    run.addPart(body, from, scan.dataEnd);
    run.add(behindData);
    if (Number.isNaN(scan.happenedMicros)) {
      run.add(BEFORE_HAPPENED);
      run.addPart(body, scan.timeStart, scan.timeEnd);
      run.add(MARK);
    }
    run.add(beforeKey);
    run.add(key);
    run.add(behindKey);
    return run.end();
  }
}

/** Not spread of those of the kind: V8 takes half a microsecond for each attribute that is added to a spread object. */
function attributesOf(
  { dataType, assetClass, others }: TickKind,
  { symbol, exchange }: Instrument,
  scan: TickScan,
): Attributes {
  const attributes: Record<string, AttributeValue> = {
    data_type: dataType,
    symbol,
    exchange,
    asset_class: assetClass,
  };
  const { isQuote, bidPrice, bidSize, askPrice, askSize } = scan;
  const price = isQuote ? quotedPrice(bidPrice, askPrice) : scan.price;
  const volume = isQuote ? quotedVolume(bidSize, askSize) : scan.volume;
  if (price !== undefined) attributes.price = price;
  if (volume !== undefined) attributes.volume = volume;
  for (const [name, value] of others) attributes[name] = value;
  return attributes;
}
