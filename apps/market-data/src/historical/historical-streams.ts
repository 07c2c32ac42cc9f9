import { marketDataMessage } from '@distributary/contracts';
import {
  type Clock,
  compileTopicPattern,
  DistributionError,
  effectiveSelection,
  laneName,
  type Log,
  matchesRecord,
  type Metrics,
  type Principal,
  qualifySelection,
  requirePermission,
  type Selection,
  type TopicDirectory,
  unqualified,
} from '@distributary/distribution-core';
import type { ArchivedTopics } from '../archive/archive-feed.js';
import type { EventPage, MarketHistory, StoredMarketEvent } from '../candles/market-history.js';
import { storedFieldsOf } from '../events/stored-event.js';
import { historicalPages } from './historical-pages.js';
import { type HistoricalRequest, parseHistoricalRequest } from './historical-request.js';
import { liveCursor } from './live-cursor.js';
import { Pace } from './pace.js';
import { ReadingTurns } from './reading-turns.js';
import { recordOfStored } from './stored-record.js';

export interface HistoricalStreamsDependencies {
  readonly directory: Pick<TopicDirectory, 'list' | 'version'>;
  readonly isArchived: ArchivedTopics;
  readonly log: Pick<Log, 'ends'>;
  /** Opened by the first question. */
  readonly history: () => Promise<Pick<MarketHistory, 'events'>>;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

export interface HistoricalStreamsOptions {
  /** Open at once; the next one is refused. */
  readonly maxStreams: number;
  /** Pages that are read at once, for all of them; half of what history answers at once, so that other questions have their turn. */
  readonly maxReads: number;
  /** What a stream holds at most. */
  readonly pageEvents: number;
}

type Frame = Readonly<Record<string, unknown>>;

interface Reading {
  readonly request: HistoricalRequest;
  readonly selection: Selection;
  readonly topics: ReadonlyMap<string, string>;
  readonly pace: Pace;
  readonly signal: AbortSignal;
}

const FRAME_EVENTS = 100;
const FRAME_BYTES = 256 * 1024;
const RETRY_AFTER_MS = 5_000;

/** Events of the past, from archive and log together, as `MarketDataFrame`s. */
export class HistoricalStreams {
  private open = 0;
  private readonly turns: ReadingTurns;
  private readonly gauge;
  private readonly refused;
  private readonly sent;

  constructor(
    private readonly deps: HistoricalStreamsDependencies,
    private readonly options: HistoricalStreamsOptions,
  ) {
    const { metrics } = deps;
    this.turns = new ReadingTurns(options.maxReads);
    this.gauge = metrics.gauge('history_streams', 'Streams of historical data that are open');
    this.refused = metrics.counter('history_streams_refused_total', 'Streams of historical data beyond the limit');
    this.sent = metrics.counter('history_stream_events_total', 'Events that streams of historical data were given');
  }

  /**
   * Those that the principal may read, in order of time; each frame is made when it is asked for. `request.invalid` with every
   * problem, `auth.forbidden`, `gateway.full` beyond the limit or if the archive is far behind, `store.unavailable`.
   */
  async *frames(message: object, principal: Principal, signal: AbortSignal): AsyncGenerator<Frame> {
    requirePermission(principal, 'read');
    const request = parseHistoricalRequest(message);
    const selection = effectiveSelection(principal, 'read', qualifySelection(principal.tenant, request.selection));
    if (this.open >= this.options.maxStreams) {
      this.refused.add();
      throw new DistributionError('gateway.full', `${this.open} streams of historical data are open`, {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    this.gauge.set(++this.open);
    try {
      yield* this.read(request, selection, signal);
    } finally {
      this.gauge.set(--this.open);
    }
  }

  private async *read(request: HistoricalRequest, selection: Selection, signal: AbortSignal): AsyncGenerator<Frame> {
    const { directory, log, clock, history } = this.deps;
    const { version: catalogVersion } = directory;
    const topics = this.topicsOf(selection);
    const { symbols, dataTypes, fromMicros, toMicros, limit } = request;
    const range = { topics: [...topics.keys()], symbols, dataTypes, fromMicros, toMicros };
    const reading: Reading = { request, selection, topics, pace: new Pace(clock, request.speed), signal };
    const told = new Set<string>();
    let ends: EventPage['ends'] = [];
    let left = limit;
    const { turns } = this;
    const { pageEvents } = this.options;
    for await (const page of historicalPages(range, {
      history: await history(),
      turns,
      clock,
      signal,
      pageEvents,
    })) {
      ({ ends } = page);
      yield* gapsOf(page, topics, told);
      for await (const events of this.dueEvents(page.events, left, reading)) {
        this.sent.add(events.length);
        left -= events.length;
        yield { events };
      }
      if (left === 0) return;
    }
    if (toMicros === undefined && !signal.aborted)
      yield { cursor: await liveCursor(log, { topics, catalogVersion, ends }) };
  }

  /** What of a page is selected, a frame at a time, when it is due. Others have their turn in between. */
  private async *dueEvents(
    events: readonly StoredMarketEvent[],
    limit: number,
    { selection, topics, pace, signal }: Reading,
  ): AsyncGenerator<readonly object[]> {
    let due: object[] = [];
    let bytes = 0;
    let left = limit;
    for (const [index, { place, value }] of events.entries()) {
      if (left === 0 || signal.aborted) break;
      if (index % FRAME_EVENTS === 0) await new Promise<void>((resolve) => this.deps.clock.soon(resolve));
      const event = storedFieldsOf(value);
      const topic = topics.get(place.topic);
      if (event === undefined || topic === undefined) continue;
      if (!matchesRecord(selection, topic, recordOfStored(event, place.timeMicros, value))) continue;
      const isFull = due.length === FRAME_EVENTS || bytes >= FRAME_BYTES;
      if (due.length > 0 && (isFull || !pace.isDue(place.timeMicros))) {
        yield due;
        [due, bytes] = [[], 0];
      }
      await pace.wait(place.timeMicros, signal);
      due.push(marketDataMessage(event));
      bytes += value.length;
      left--;
    }
    if (due.length > 0 && !signal.aborted) yield due;
  }

  /** The catalog's names by the broker's. */
  private topicsOf({ topicPatterns }: Selection): ReadonlyMap<string, string> {
    const patterns = topicPatterns.map((pattern) => compileTopicPattern(pattern));
    const { directory, isArchived } = this.deps;
    const topics = directory
      .list()
      .filter((topic) => isArchived(topic) && patterns.some((pattern) => pattern.matches(topic.name)));
    return new Map(topics.map(({ brokerName, name }) => [brokerName, name]));
  }
}

/** Where events may be missing for good, each once. */
function* gapsOf({ gaps }: EventPage, topics: ReadonlyMap<string, string>, told: Set<string>): Generator<Frame> {
  for (const { lane, from, to } of gaps) {
    const name = laneName({ topic: unqualified(topics.get(lane.topic) ?? lane.topic), partition: lane.partition });
    const key = `${name}\n${lane.epoch}\n${to}`;
    if (told.has(key)) continue;
    told.add(key);
    yield { gap: { lane: name, epoch: lane.epoch, from, to, reason: 'expired' } };
  }
}
