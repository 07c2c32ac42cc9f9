import { type Clock, DistributionError, pause } from '@distributary/distribution-core';
import { MAX_MICROS } from '../candles/history-request.js';
import type { EventPage, EventRequest, MarketHistory } from '../candles/market-history.js';
import type { ReadingTurns } from './reading-turns.js';

export interface HistoricalRange {
  readonly topics: readonly string[];
  readonly symbols: readonly string[];
  readonly dataTypes: readonly string[] | undefined;
  readonly fromMicros: number;
  /** Undefined: whatever is there. */
  readonly toMicros: number | undefined;
}

export interface PageReading {
  readonly history: Pick<MarketHistory, 'events'>;
  readonly turns: ReadingTurns;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly pageEvents: number;
}

const SECOND = 1_000_000;
const FIRST_SPAN = 60 * SECOND;
const MAX_TRIES = 10;
const RETRY_MS = 1_000;

/**
 * All events of the range as of the first page, page after page, each read when it is asked for. A page looks at a span of
 * time that grows while it finds little and shrinks while there is more than fits, since each one sorts what is in its span.
 */
export async function* historicalPages(range: HistoricalRange, reading: PageReading): AsyncGenerator<EventPage> {
  const { clock, signal, pageEvents: limit } = reading;
  const endMicros = range.toMicros ?? MAX_MICROS;
  let startMicros = range.fromMicros;
  let span = FIRST_SPAN;
  let seen: Pick<EventRequest, 'after' | 'ends' | 'tailFromMicros'> = {};
  while (startMicros < endMicros) {
    const next = startMicros + span;
    // Nothing but some events of the future is behind the present.
    const upTo = next >= endMicros || next > clock.nowMicros() ? endMicros : next;
    const { topics, symbols, dataTypes } = range;
    const types = dataTypes && { dataTypes };
    const page = await readPage({ topics, symbols, ...types, ...seen, startMicros, endMicros: upTo, limit }, reading);
    if (page === undefined || signal.aborted) return;
    yield page;
    const { ends, tailFromMicros } = page;
    const after = page.events.at(-1)?.place ?? seen.after;
    seen = { ...(after && { after }), ends, tailFromMicros };
    startMicros = page.hasMore && after !== undefined ? after.timeMicros : upTo;
    if (page.hasMore) span = Math.max(SECOND, span / 2);
    else if (page.events.length < limit / 4) span *= 2;
  }
}

/** Others may be reading: then after a while. Undefined: nobody wants it any more. */
async function readPage(request: EventRequest, { history, turns, clock, signal }: PageReading) {
  for (let tries = 1; !signal.aborted; tries++) {
    try {
      return await turns.run(() => (signal.aborted ? Promise.resolve(undefined) : history.events(request, signal)));
    } catch (error) {
      const isBusy = error instanceof DistributionError && error.code === 'gateway.full';
      if (!isBusy || tries === MAX_TRIES) throw error;
      await pause(clock, error.retryAfterMs ?? RETRY_MS, signal);
    }
  }
  return undefined;
}
