import { microsOfIsoBytes } from './iso-bytes.js';
import { bytesOfText } from './plain-json.js';
import { PlainScan } from './plain-scan.js';

const EVENT_ID = bytesOfText('event_id');
const TIMESTAMP = bytesOfText('timestamp');
const DATA_TYPE = bytesOfText('data_type');
const ROUTING = bytesOfText('routing');
const DATA = bytesOfText('data');
const METADATA = bytesOfText('metadata');

/** The limit of the schemas, in characters; a character has at least one byte. */
export const MAX_PLAIN_ID = 200;
/** Of times and of `data_type`. */
const MAX_WORD = 100;

/** What of the event was there. */
const HAS = { id: 1, time: 2, type: 4, routing: 8, data: 16, metadata: 32 } as const;
const NEEDED = HAS.id | HAS.time | HAS.type | HAS.data;
const EVENT = 0;
const DATA_LEVEL = 1;

/**
 * The plain form of an event of any service, with an id and a time in UTC. What its data holds is for those who know the type.
 *
 * What is found in one event is overwritten by the next. `routing` and `metadata` are only measured.
 */
export abstract class EventScan extends PlainScan {
  idStart = 0;
  idEnd = 0;
  timeStart = 0;
  timeEnd = 0;
  timeMicros = 0;
  /** The object with its braces; empty if there is none. */
  routingStart = 0;
  routingEnd = 0;
  routingHash = 0;
  metadataStart = 0;
  metadataEnd = 0;
  metadataHash = 0;
  /** Between its braces. */
  dataStart = 0;
  dataEnd = 0;
  /** Of the time that was read last. */
  protected micros = 0;

  /** Whether this is the name of a type that is known here. */
  protected abstract takeType(start: number, end: number): boolean;
  /** A bit for the field of this name; 0: it is not known. */
  protected abstract dataPartAt(start: number, end: number): number;
  protected abstract dataValue(part: number, at: number): number;
  /** Whether there is all that is needed in the data of such parts. */
  protected abstract isWhole(parts: number): boolean;

  /** `start` is where the event begins. Where it ends; -1 if it is not written in this way. */
  scan(bytes: Uint8Array, start: number): number {
    this.bytes = bytes;
    this.routingStart = this.routingEnd = this.routingHash = 0;
    this.metadataStart = this.metadataEnd = this.metadataHash = 0;
    const end = this.fields(EVENT, start);
    return (this.found & NEEDED) === NEEDED ? end : -1;
  }

  protected partAt(level: number, start: number, end: number): number {
    return level === EVENT ? this.eventPartAt(start, end) : this.dataPartAt(start, end);
  }

  protected value(level: number, part: number, at: number): number {
    return level === EVENT ? this.eventValue(part, at) : this.dataValue(part, at);
  }

  private eventPartAt(start: number, end: number): number {
    switch (end - start) {
      case 4:
        return this.is(DATA, start) ? HAS.data : 0;
      case 7:
        return this.is(ROUTING, start) ? HAS.routing : 0;
      case 8:
        if (this.is(EVENT_ID, start)) return HAS.id;
        return this.is(METADATA, start) ? HAS.metadata : 0;
      case 9:
        if (this.is(TIMESTAMP, start)) return HAS.time;
        return this.is(DATA_TYPE, start) ? HAS.type : 0;
      default:
        return 0;
    }
  }

  private eventValue(part: number, at: number): number {
    let end: number;
    switch (part) {
      case HAS.id:
        end = this.word(at, MAX_PLAIN_ID);
        this.idStart = this.textStart;
        this.idEnd = end - 1;
        return end;
      case HAS.time:
        end = this.time(at);
        this.timeStart = this.textStart;
        this.timeEnd = end - 1;
        this.timeMicros = this.micros;
        return end;
      case HAS.type:
        end = this.text(at, MAX_WORD);
        return end >= 0 && this.takeType(this.textStart, end - 1) ? end : -1;
      case HAS.data:
        end = this.fields(DATA_LEVEL, at);
        this.dataStart = at + 1;
        this.dataEnd = end - 1;
        return end >= 0 && this.isWhole(this.found) ? end : -1;
      case HAS.routing:
        end = this.object(at);
        this.routingStart = at;
        this.routingEnd = end;
        this.routingHash = this.hash;
        return end;
      default:
        end = this.object(at);
        this.metadataStart = at;
        this.metadataEnd = end;
        this.metadataHash = this.hash;
        return end;
    }
  }

  /** A time in UTC. */
  protected time(at: number): number {
    const end = this.text(at, MAX_WORD);
    this.micros = end < 0 ? Number.NaN : microsOfIsoBytes(this.bytes, this.textStart, end - 1);
    return Number.isNaN(this.micros) ? -1 : end;
  }
}
