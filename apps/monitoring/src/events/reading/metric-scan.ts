import { HASH_START, hashWith } from './byte-hash.js';
import { microsOfIsoBytes } from './iso-bytes.js';
import { figureEnd } from './plain-json.js';

const [SPACE, QUOTE, COMMA, COLON, BACKSLASH] = [0x20, 0x22, 0x2c, 0x3a, 0x5c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const EVENT_ID = bytesOf('event_id');
const TIMESTAMP = bytesOf('timestamp');
const DATA_TYPE = bytesOf('data_type');
const ROUTING = bytesOf('routing');
const DATA = bytesOf('data');
const METADATA = bytesOf('metadata');
const METRIC_NAME = bytesOf('metric_name');
const CURRENT_VALUE = bytesOf('current_value');
const THRESHOLD = bytesOf('threshold');
const UNIT = bytesOf('unit');
const SERVICE_NAME = bytesOf('service_name');
const LABELS = bytesOf('labels');
const METRICS = bytesOf('METRICS');

/** The limits of the schema, in characters; a character has at least one byte. */
export const MAX_ID = 200;
const MAX_SERVICE = 100;
const MAX_UNIT = 32;
const MAX_LABEL_NAME = 100;
const MAX_LABEL = 200;
/** Of `routing` and of `metadata`: what is longer is hardly the same in many events. */
const MAX_OBJECT = 1_024;

/** What of the event, or of its data, was there; each of them once. */
const HAS = { id: 1, time: 2, type: 4, routing: 8, data: 16, metadata: 32 } as const;
const HAS_DATA = { metric: 1, value: 2, threshold: 4, unit: 8, service: 16, labels: 32 } as const;
const NEEDED = HAS.id | HAS.time | HAS.type | HAS.data | HAS.metadata;
const NEEDED_DATA = HAS_DATA.metric | HAS_DATA.value;

/**
 * One look at the bytes of one METRICS event, written in the plainest of ways: JSON on one line, texts without escapes, only
 * the fields that the schema names, each once, with an id and a time in UTC. Nearly all metrics are. It says where things
 * stand, and makes neither objects nor texts. Whatever is written in another way is no error here: it is left to the schema.
 *
 * What is found in one event is overwritten by the next. The bytes must be UTF-8. `routing` and `metadata` are only measured:
 * whether they are JSON at all is for others to say.
 */
export class MetricScan {
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
  metricStart = 0;
  metricEnd = 0;
  metricHash = 0;
  /** Of `current_value`, and of `threshold`: empty if there is none. */
  valueStart = 0;
  valueEnd = 0;
  thresholdStart = 0;
  thresholdEnd = 0;
  /** Empty if the data names no service. */
  serviceStart = 0;
  serviceEnd = 0;
  serviceHash = 0;
  private bytes: Uint8Array = EVENT_ID;
  private textStart = 0;
  private hash = 0;

  /** `start` is where the event begins. Where it ends; -1 if it is not written in this way. */
  scan(bytes: Uint8Array, start: number): number {
    this.bytes = bytes;
    this.routingStart = this.routingEnd = this.routingHash = 0;
    this.serviceStart = this.serviceEnd = this.serviceHash = 0;
    this.thresholdStart = this.thresholdEnd = 0;
    if (bytes[start] !== OPEN_BRACE) return -1;
    let at = start;
    let found = 0;
    do {
      const keyEnd = this.text(this.blanks(at + 1), MAX_SERVICE);
      const keyStart = this.textStart;
      at = this.colon(keyEnd);
      if (at < 0) return -1;
      const part = this.partAt(keyStart, keyEnd - 1);
      if (part === 0 || (found & part) !== 0) return -1;
      found |= part;
      at = this.value(part, at);
      if (at < 0) return -1;
      at = this.blanks(at);
    } while (bytes[at] === COMMA);
    return bytes[at] === CLOSE_BRACE && (found & NEEDED) === NEEDED ? at + 1 : -1;
  }

  private partAt(start: number, end: number): number {
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

  private value(part: number, at: number): number {
    const { bytes } = this;
    let end: number;
    switch (part) {
      case HAS.id:
        end = this.text(at, MAX_ID);
        this.idStart = this.textStart;
        this.idEnd = end - 1;
        return this.idEnd > this.idStart ? end : -1;
      case HAS.time:
        end = this.text(at, MAX_SERVICE);
        this.timeStart = this.textStart;
        this.timeEnd = end - 1;
        this.timeMicros = end < 0 ? Number.NaN : microsOfIsoBytes(bytes, this.timeStart, this.timeEnd);
        return Number.isNaN(this.timeMicros) ? -1 : end;
      case HAS.type:
        end = this.text(at, MAX_SERVICE);
        return end - 1 - this.textStart === METRICS.length && this.is(METRICS, this.textStart) ? end : -1;
      case HAS.data:
        return this.data(at);
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

  private data(start: number): number {
    const { bytes } = this;
    if (bytes[start] !== OPEN_BRACE) return -1;
    let at = start;
    let found = 0;
    do {
      const keyEnd = this.text(this.blanks(at + 1), MAX_SERVICE);
      const keyStart = this.textStart;
      at = this.colon(keyEnd);
      if (at < 0) return -1;
      const part = this.dataPartAt(keyStart, keyEnd - 1);
      if (part === 0 || (found & part) !== 0) return -1;
      found |= part;
      at = this.dataValue(part, at);
      if (at < 0) return -1;
      at = this.blanks(at);
    } while (bytes[at] === COMMA);
    if (bytes[at] !== CLOSE_BRACE || (found & NEEDED_DATA) !== NEEDED_DATA) return -1;
    this.dataStart = start + 1;
    this.dataEnd = at;
    return at + 1;
  }

  private dataPartAt(start: number, end: number): number {
    switch (end - start) {
      case 4:
        return this.is(UNIT, start) ? HAS_DATA.unit : 0;
      case 6:
        return this.is(LABELS, start) ? HAS_DATA.labels : 0;
      case 9:
        return this.is(THRESHOLD, start) ? HAS_DATA.threshold : 0;
      case 11:
        return this.is(METRIC_NAME, start) ? HAS_DATA.metric : 0;
      case 12:
        return this.is(SERVICE_NAME, start) ? HAS_DATA.service : 0;
      case 13:
        return this.is(CURRENT_VALUE, start) ? HAS_DATA.value : 0;
      default:
        return 0;
    }
  }

  private dataValue(part: number, at: number): number {
    let end: number;
    switch (part) {
      case HAS_DATA.metric:
        end = this.text(at, MAX_ID);
        this.metricStart = this.textStart;
        this.metricEnd = end - 1;
        this.metricHash = this.hash;
        return this.metricEnd > this.metricStart ? end : -1;
      case HAS_DATA.service:
        end = this.text(at, MAX_SERVICE);
        this.serviceStart = this.textStart;
        this.serviceEnd = end - 1;
        this.serviceHash = this.hash;
        return this.serviceEnd > this.serviceStart ? end : -1;
      case HAS_DATA.unit:
        return this.text(at, MAX_UNIT);
      case HAS_DATA.labels:
        return this.labels(at);
      case HAS_DATA.value:
        this.valueStart = at;
        this.valueEnd = figureEnd(this.bytes, at);
        return this.valueEnd;
      default:
        this.thresholdStart = at;
        this.thresholdEnd = figureEnd(this.bytes, at);
        return this.thresholdEnd;
    }
  }

  /** An object of texts. */
  private labels(start: number): number {
    const { bytes } = this;
    if (bytes[start] !== OPEN_BRACE) return -1;
    let at = this.blanks(start + 1);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    for (;;) {
      const nameEnd = this.text(at, MAX_LABEL_NAME);
      // Names that objects of JavaScript take for something else are for the schema, and so is none.
      if (nameEnd < 0 || nameEnd - 1 === this.textStart || bytes[this.textStart] === 0x5f) return -1;
      if (bytes[this.textStart] === 0x63 && nameEnd - 1 - this.textStart === 'constructor'.length) return -1;
      at = this.colon(nameEnd);
      if (at < 0) return -1;
      at = this.text(at, MAX_LABEL);
      if (at < 0) return -1;
      at = this.blanks(at);
      if (bytes[at] === CLOSE_BRACE) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at = this.blanks(at + 1);
    }
  }

  /** Its bytes are hashed from quote to quote. Behind its closing quote; -1 if it is none, has escapes, or is too long. */
  private text(at: number, maxBytes: number): number {
    const { bytes } = this;
    if (bytes[at] !== QUOTE) return -1;
    const start = at + 1;
    this.textStart = start;
    const last = start + maxBytes;
    let hash = HASH_START;
    for (let end = start; end <= last; end++) {
      const byte = bytes[end];
      if (byte === QUOTE) {
        this.hash = hash;
        return end + 1;
      }
      // Beyond the end of the bytes there is nothing, which is not at least a space either.
      if (!(byte >= SPACE) || byte === BACKSLASH) return -1;
      hash = hashWith(hash, byte);
    }
    return -1;
  }

  /** Hashed from brace to brace. Behind its closing brace, if it is JSON; -1 if it has no end, or comes too late. */
  private object(start: number): number {
    const { bytes } = this;
    if (bytes[start] !== OPEN_BRACE) return -1;
    const last = start + MAX_OBJECT;
    let hash = HASH_START;
    let depth = 0;
    let isText = false;
    for (let at = start; at < last; at++) {
      const byte = bytes[at];
      if (!(byte >= SPACE) || byte === BACKSLASH) return -1;
      hash = hashWith(hash, byte);
      if (byte === QUOTE) isText = !isText;
      else if (isText) continue;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) {
        this.hash = hash;
        return at + 1;
      }
    }
    return -1;
  }

  private colon(at: number): number {
    if (at < 0) return -1;
    const colon = this.blanks(at);
    return this.bytes[colon] === COLON ? this.blanks(colon + 1) : -1;
  }

  private blanks(at: number): number {
    let next = at;
    while (this.bytes[next] === SPACE) next++;
    return next;
  }

  private is(word: Uint8Array, start: number): boolean {
    for (let at = 0; at < word.length; at++) if (this.bytes[start + at] !== word[at]) return false;
    return true;
  }
}
