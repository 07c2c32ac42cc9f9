import { type MarketDataDistribution, MAX_EVENTS_PER_REQUEST } from '@distributary/contracts';
import {
  type Clock,
  DistributionError,
  type IdSource,
  invalidRequest,
  type Problem,
} from '@distributary/distribution-core';
import type { HoldsState } from '../event-rules.js';
import { parseMarketDataEvent, type PublishedEvent, refuseIfAny, toPublishedEvent } from '../market-data-event.js';
import type { TickOrder } from '../../manners/tick-order.js';
import { readExactJson } from './exact-json.js';

/** Of a request whose handler reads the bytes. */
export interface EventBody {
  readonly bytes: Buffer;
  /** Of all bytes, or of a text. Throws if it is no JSON. */
  parse(text?: string): unknown;
}

export interface EventBodiesDependencies {
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Default: of the service's own topics. */
  readonly holdsState?: HoldsState;
  /** Marks what comes late. */
  readonly order?: Pick<TickOrder, 'isLate'>;
}

/** Checked at a time: about 2 ms. */
const SLICE_EVENTS = 64;
const ROUNDED = 'must be a text: a number does not hold all of its digits';

/** The events in the body of a request. This is the seam for a reader that does without parsing. */
export class EventBodies {
  constructor(private readonly deps: EventBodiesDependencies) {}

  /**
   * Of one event, a list, or `{ "events": [...] }`. `betweenSlices` is waited for again and again. `request.invalid` with every
   * problem of every event, `payload.too_large` of too many. What is no JSON makes `body.parse` throw.
   */
  async list(body: EventBody, betweenSlices: () => Promise<void>): Promise<readonly PublishedEvent[]> {
    const { value, rounded } = readExactJson(body.bytes.toString('utf8'), (text) => body.parse(text));
    const problems: Problem[] = rounded.map((path) => ({ path: placeInEvents(path), rule: ROUNDED }));
    refuseIfAny(problems);
    const inputs = inputsOf(value);
    if (inputs.length === 0) throw nothing();
    if (inputs.length > MAX_EVENTS_PER_REQUEST) throw tooMany();
    const events: MarketDataDistribution[] = [];
    for (let index = 0; index < inputs.length; index++) {
      if (index > 0 && index % SLICE_EVENTS === 0) await betweenSlices();
      this.take(inputs[index], index, problems, events);
    }
    return this.published(events, problems, betweenSlices);
  }

  /** The same of events that lie one a line; lines without anything are passed over. */
  async lines(body: EventBody, betweenSlices: () => Promise<void>): Promise<readonly PublishedEvent[]> {
    const problems: Problem[] = [];
    const events: MarketDataDistribution[] = [];
    let index = 0;
    for (const line of linesOf(body.bytes)) {
      if (index === MAX_EVENTS_PER_REQUEST) throw tooMany();
      if (index > 0 && index % SLICE_EVENTS === 0) await betweenSlices();
      this.takeLine(body, line, index++, problems, events);
    }
    if (index === 0) throw nothing();
    return this.published(events, problems, betweenSlices);
  }

  /** Only of a call that goes through: what is refused makes nothing late. */
  private async published(
    events: readonly MarketDataDistribution[],
    problems: readonly Problem[],
    betweenSlices: () => Promise<void>,
  ): Promise<readonly PublishedEvent[]> {
    refuseIfAny(problems);
    const { clock, ids, order } = this.deps;
    const published: PublishedEvent[] = [];
    for (let index = 0; index < events.length; index++) {
      if (index > 0 && index % SLICE_EVENTS === 0) await betweenSlices();
      published.push(toPublishedEvent(events[index], clock, ids, order));
    }
    return published;
  }

  private takeLine(
    body: EventBody,
    line: string,
    index: number,
    problems: Problem[],
    events: MarketDataDistribution[],
  ): void {
    let read;
    try {
      read = readExactJson(line, (text) => body.parse(text));
    } catch {
      problems.push({ path: `events[${index}]`, rule: 'must be one line of JSON' });
      return;
    }
    if (read.rounded.length === 0) this.take(read.value, index, problems, events);
    else problems.push(...read.rounded.map((path) => ({ path: `events[${index}].${path}`, rule: ROUNDED })));
  }

  private take(input: unknown, index: number, problems: Problem[], events: MarketDataDistribution[]): void {
    const event = parseMarketDataEvent(input, index, problems, this.deps.holdsState);
    if (event !== undefined) events.push(event);
  }
}

function* linesOf(bytes: Buffer): Generator<string> {
  const [lineFeed] = Buffer.from('\n');
  for (let at = 0; at < bytes.length;) {
    const found = bytes.indexOf(lineFeed, at);
    const end = found < 0 ? bytes.length : found;
    const line = bytes.toString('utf8', at, end).trim();
    if (line !== '') yield line;
    at = end + 1;
  }
}

function inputsOf(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body;
  if (typeof body !== 'object' || body === null) {
    throw invalidRequest([{ path: '', rule: 'must be an event, a list of events, or { "events": [...] }' }]);
  }
  if (!('events' in body)) return [body];
  if (Array.isArray(body.events)) return body.events;
  throw invalidRequest([{ path: 'events', rule: 'must be a list' }]);
}

/** As all problems are named, however the events were wrapped. */
function placeInEvents(path: string): string {
  if (path.startsWith('[')) return `events${path}`;
  return path.startsWith('events[') ? path : `events[0].${path}`;
}

const nothing = () => invalidRequest([{ path: 'events', rule: 'must hold at least one event' }]);

function tooMany(): DistributionError {
  return new DistributionError('payload.too_large', `at most ${MAX_EVENTS_PER_REQUEST} events are taken at once`);
}
