import { MAX_EVENTS_PER_REQUEST } from '@distributary/contracts';
import { type Clock, DistributionError, type IdSource, type Problem } from '@distributary/distribution-core';
import { parseMonitoringEvent, type PublishedEvent, refuseIfAny, toPublishedEvent } from '../monitoring-event.js';
import { MetricReader, type PlainEvents } from './metric-reader.js';

/** Of a request whose handler reads the bytes. */
export interface EventBody {
  readonly bytes: Buffer;
  /** Of all bytes, or of a part of them. Throws if it is no JSON. */
  parse(text?: string): unknown;
}

const [SPACE, TAB, LINE_FEED, RETURN] = [0x20, 0x09, 0x0a, 0x0d];
const [COMMA, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x2c, 0x5b, 0x5d, 0x7b, 0x7d];
const WRAPPED = /^\{ *"events" *: *$/;
/** Between the brace and the bracket of `{"events":[`, with some room for blanks. */
const MAX_WRAPPER = 20;
/** Parsed at a time: about 2 ms. */
const SLICE_EVENTS = 64;

/** The events in the body of a request, read without parsing it wherever that is possible. */
export class EventBodies {
  private readonly reader: MetricReader;

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
  ) {
    this.reader = new MetricReader(clock, ids);
  }

  /**
   * Of a list, of `{ "events": [...] }`, or one alone. Undefined if any of them, or what is around them, is written in
   * another way than the plain one: then all of it is for the parser.
   */
  plainList({ bytes }: EventBody): readonly PublishedEvent[] | undefined {
    const plain = this.reader.open(bytes);
    if (plain === undefined) return undefined;
    const start = afterBlanks(bytes, 0);
    if (bytes[start] === OPEN_BRACKET) return listAt(bytes, plain, start, bytes.length);
    if (bytes[start] !== OPEN_BRACE) return undefined;
    const one = plain.read(start);
    if (one !== undefined) return afterBlanks(bytes, plain.end) === bytes.length ? [one] : undefined;
    const bracket = bytes.subarray(start, start + MAX_WRAPPER).indexOf(OPEN_BRACKET) + start;
    if (bracket < start || !WRAPPED.test(bytes.toString('latin1', start, bracket))) return undefined;
    const end = bytes.lastIndexOf(CLOSE_BRACE);
    return afterBlanks(bytes, end + 1) === bytes.length ? listAt(bytes, plain, bracket, end) : undefined;
  }

  /**
   * One a line; lines without anything are passed over. Lines that are not written in the plain way are parsed, each by
   * itself. `betweenSlices` is waited for after some of those. `request.invalid` with every problem of every event.
   */
  async lines(body: EventBody, betweenSlices: () => Promise<void>): Promise<readonly PublishedEvent[]> {
    const { bytes } = body;
    const plain = this.reader.open(bytes);
    const problems: Problem[] = [];
    const events: PublishedEvent[] = [];
    let count = 0;
    let parsed = 0;
    for (let at = afterBlanks(bytes, 0); at < bytes.length;) {
      const found = bytes.indexOf(LINE_FEED, at);
      const lineEnd = found < 0 ? bytes.length : found;
      if (count === MAX_EVENTS_PER_REQUEST) throw tooMany();
      let event = plain?.read(at);
      if (plain === undefined || event === undefined || afterBlanks(bytes, plain.end) < lineEnd) {
        if (parsed > 0 && parsed % SLICE_EVENTS === 0) await betweenSlices();
        parsed++;
        event = this.parsed(body, bytes.toString('utf8', at, lineEnd), count, problems);
      }
      if (event !== undefined) events.push(event);
      count++;
      at = afterBlanks(bytes, lineEnd);
    }
    refuseIfAny(problems);
    return events;
  }

  private parsed(body: EventBody, line: string, index: number, problems: Problem[]): PublishedEvent | undefined {
    let input: unknown;
    try {
      input = body.parse(line);
    } catch {
      problems.push({ path: `events[${index}]`, rule: 'must be one line of JSON' });
      return undefined;
    }
    const event = parseMonitoringEvent(input, index, problems);
    return event === undefined ? undefined : toPublishedEvent(event, this.clock, this.ids);
  }
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

export function tooMany(): DistributionError {
  return new DistributionError('payload.too_large', `at most ${MAX_EVENTS_PER_REQUEST} events are taken at once`);
}
