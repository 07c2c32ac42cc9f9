import { isUtf8 } from 'node:buffer';
import { MAX_EVENTS_PER_REQUEST } from '@distributary/contracts';
import { DistributionError, type Problem } from '@distributary/distribution-core';
import { type ExactJson, readJson } from './exact-json.js';
import { type EventReader, type PlainEvents, type PublishedEvent, refuseIfAny } from './published-event.js';

/** Of a request whose handler reads the bytes. */
export interface EventBody {
  readonly bytes: Buffer;
  /** Of all bytes, or of a part of them. Throws if it is no JSON. */
  parse(text?: string): unknown;
}

const [SPACE, TAB, LINE_FEED, RETURN] = [0x20, 0x09, 0x0a, 0x0d];
const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [COMMA, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x2c, 0x5b, 0x5d, 0x7b, 0x7d];
const WRAPPED = /^\{ *"events" *: *$/;
/** Between the brace and the bracket of `{"events":[`, with some room for blanks. */
const MAX_WRAPPER = 20;
/** A list of more than this is read item by item, in slices. */
const LARGE_BYTES = 128 * 1024;
/** Read at a time: about 1 ms. What has to be parsed takes some four times as long. */
const SLICE_BYTES = 256 * 1024;
const PARSING_FACTOR = 4;
const ROUNDED = 'must not have more digits than a number holds; a decimal may be a text';

/** The events in the body of a request, read without parsing it wherever that is possible. */
export class EventBodies {
  constructor(private readonly reader: EventReader) {}

  /**
   * Of a list, of `{ "events": [...] }`, or one alone. Undefined if any of them, or what is around them, is written in
   * another way than the plain one: then all of it is for the parser.
   */
  plainList({ bytes }: EventBody): readonly PublishedEvent[] | undefined {
    const plain = this.open(bytes);
    if (plain === undefined) return undefined;
    const start = afterBlanks(bytes, 0);
    if (bytes[start] === OPEN_BRACE) {
      const one = plain.read(start);
      if (one !== undefined) return afterBlanks(bytes, plain.end) === bytes.length ? [one] : undefined;
    }
    const list = listIn(bytes);
    return list && listAt(bytes, plain, list.start, list.end);
  }

  /** The whole body. Throws if it is no JSON; `request.invalid` if a number has lost digits that count. */
  parse(body: EventBody): unknown {
    if (this.reader.keepsDigits !== true) return body.parse();
    const { value, rounded } = this.exact(body, body.bytes.toString('utf8'));
    refuseIfAny(rounded.map((path) => ({ path: placeInEvents(path), rule: ROUNDED })));
    return value;
  }

  isLarge({ bytes }: EventBody): boolean {
    return bytes.length > LARGE_BYTES;
  }

  /**
   * The same of a long list: its items one by one, those that are not written in the plain way parsed, each by itself.
   * `betweenSlices` is waited for again and again. Undefined if it is no list, or none that is JSON. `request.invalid` with every
   * problem of every event.
   */
  async largeList(body: EventBody, betweenSlices: () => Promise<void>): Promise<readonly PublishedEvent[] | undefined> {
    const { bytes } = body;
    const list = listIn(bytes);
    if (list === undefined) return undefined;
    const plain = this.open(bytes);
    const problems: Problem[] = [];
    const events: PublishedEvent[] = [];
    const slices = new Slices(betweenSlices);
    let at = list.start;
    let count = 0;
    do {
      const start = afterBlanks(bytes, at + 1);
      let event = plain?.read(start);
      let end = plain?.end ?? 0;
      if (event === undefined) {
        end = itemEnd(bytes, start);
        if (end < 0) return undefined;
        try {
          event = this.read(this.exact(body, bytes.toString('utf8', start, end)), count, problems);
        } catch {
          return undefined;
        }
        if (slices.isOver((end - start) * PARSING_FACTOR)) await slices.next();
      } else if (slices.isOver(end - start)) await slices.next();
      if (count++ === MAX_EVENTS_PER_REQUEST) throw tooMany();
      if (event !== undefined) events.push(event);
      at = afterBlanks(bytes, end);
    } while (bytes[at] === COMMA);
    if (bytes[at] !== CLOSE_BRACKET || afterBlanks(bytes, at + 1) !== list.end) return undefined;
    refuseIfAny(problems);
    return events;
  }

  /**
   * One a line; lines without anything are passed over. Lines that are not written in the plain way are parsed, each by
   * itself. `betweenSlices` is waited for again and again. `request.invalid` with every problem of every event.
   */
  async lines(body: EventBody, betweenSlices: () => Promise<void>): Promise<readonly PublishedEvent[]> {
    const { bytes } = body;
    const plain = this.open(bytes);
    const problems: Problem[] = [];
    const events: PublishedEvent[] = [];
    const slices = new Slices(betweenSlices);
    let count = 0;
    for (let at = afterBlanks(bytes, 0); at < bytes.length;) {
      const found = bytes.indexOf(LINE_FEED, at);
      const lineEnd = found < 0 ? bytes.length : found;
      if (count === MAX_EVENTS_PER_REQUEST) throw tooMany();
      let event = plain?.read(at);
      if (plain === undefined || event === undefined || afterBlanks(bytes, plain.end) < lineEnd) {
        event = this.parsed(body, bytes.toString('utf8', at, lineEnd), count, problems);
        if (slices.isOver((lineEnd - at) * PARSING_FACTOR)) await slices.next();
      } else if (slices.isOver(lineEnd - at)) await slices.next();
      if (event !== undefined) events.push(event);
      count++;
      at = afterBlanks(bytes, lineEnd);
    }
    refuseIfAny(problems);
    return events;
  }

  /** Undefined if all of it has to be parsed. */
  private open(bytes: Buffer): PlainEvents | undefined {
    return isUtf8(bytes) ? this.reader.open?.(bytes) : undefined;
  }

  private parsed(body: EventBody, line: string, index: number, problems: Problem[]): PublishedEvent | undefined {
    let exact: ExactJson;
    try {
      exact = this.exact(body, line);
    } catch {
      problems.push({ path: `events[${index}]`, rule: 'must be one line of JSON' });
      return undefined;
    }
    return this.read(exact, index, problems);
  }

  private read({ value, rounded }: ExactJson, index: number, problems: Problem[]): PublishedEvent | undefined {
    if (rounded.length === 0) return this.reader.read(value, index, problems);
    problems.push(...rounded.map((path) => ({ path: `events[${index}].${path}`, rule: ROUNDED })));
    return undefined;
  }

  /** Throws if it is no JSON. */
  private exact(body: EventBody, text: string): ExactJson {
    return readJson(text, this.reader.keepsDigits, (part) => body.parse(part));
  }
}

/** Lets others have their turn after so much work. */
class Slices {
  private bytes = 0;

  constructor(private readonly between: () => Promise<void>) {}

  isOver(bytes: number): boolean {
    this.bytes += bytes;
    return this.bytes >= SLICE_BYTES;
  }

  next(): Promise<void> {
    this.bytes = 0;
    return this.between();
  }
}

/** Where the bracket of a list, alone or as the `events` of an object, is, and behind what of its end only blanks may come. */
function listIn(bytes: Buffer): { readonly start: number; readonly end: number } | undefined {
  const start = afterBlanks(bytes, 0);
  if (bytes[start] === OPEN_BRACKET) return { start, end: bytes.length };
  const bracket = bytes.subarray(start, start + MAX_WRAPPER).indexOf(OPEN_BRACKET) + start;
  if (bracket < start || !WRAPPED.test(bytes.toString('latin1', start, bracket))) return undefined;
  const end = bytes.lastIndexOf(CLOSE_BRACE);
  return afterBlanks(bytes, end + 1) === bytes.length ? { start: bracket, end } : undefined;
}

/** Behind the object that begins at `start`; -1 if none does, or it has no end. Whether it is JSON is for the parser. */
function itemEnd(bytes: Buffer, start: number): number {
  if (bytes[start] !== OPEN_BRACE) return -1;
  let depth = 0;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
    } else if (byte === OPEN_BRACE) depth++;
    else if (byte === CLOSE_BRACE && --depth === 0) return at + 1;
  }
  return -1;
}

/** From its bracket; behind the other one there must be nothing but blanks until `bodyEnd`. */
function listAt(bytes: Buffer, plain: PlainEvents, start: number, bodyEnd: number): PublishedEvent[] | undefined {
  const events: PublishedEvent[] = [];
  let at = start;
  do {
    const event = plain.read(afterBlanks(bytes, at + 1));
    if (event === undefined || events.length === MAX_EVENTS_PER_REQUEST) return undefined;
    events.push(event);
    at = afterBlanks(bytes, plain.end);
  } while (bytes[at] === COMMA);
  return bytes[at] === CLOSE_BRACKET && afterBlanks(bytes, at + 1) === bodyEnd ? events : undefined;
}

function afterBlanks(bytes: Uint8Array, at: number): number {
  let next = at;
  for (let byte = bytes[next]; byte === SPACE || byte === LINE_FEED || byte === RETURN || byte === TAB;) {
    byte = bytes[++next];
  }
  return next;
}

/** As all problems are named, however the events were wrapped. */
function placeInEvents(path: string): string {
  if (path.startsWith('[')) return `events${path}`;
  return path.startsWith('events[') ? path : `events[0].${path}`;
}

export function tooMany(): DistributionError {
  return new DistributionError('payload.too_large', `at most ${MAX_EVENTS_PER_REQUEST} events are taken at once`);
}
