import { DistributionError } from '@distributary/distribution-core';
import { settle } from '@distributary/distribution-core/testing';
import { aLane, MIDNIGHT, SECOND, StillClock } from '../archive/testing/archive-world.js';
import type { EventPage, EventRequest, StoredMarketEvent } from '../candles/market-history.js';
import { historicalPages } from './historical-pages.js';
import { ReadingTurns } from './reading-turns.js';

const at = (timeMicros: number, offset: number): StoredMarketEvent => ({
  place: { ...aLane(), position: String(offset).padStart(4, '0'), timeMicros },
  value: new Uint8Array(),
});
const ENDS = [{ ...aLane(), position: '9999' }];

/** Answers as history does, of these events. */
class Answers {
  readonly asked: EventRequest[] = [];
  fail: (() => Error | undefined) | undefined;

  constructor(private readonly all: readonly StoredMarketEvent[]) {}

  events(request: EventRequest): Promise<EventPage> {
    this.asked.push(request);
    const error = this.fail?.();
    if (error !== undefined) return Promise.reject(error);
    const { startMicros, endMicros, after, limit } = request;
    const rest = this.all.filter(
      ({ place: { timeMicros, position } }) =>
        timeMicros >= startMicros && timeMicros < endMicros && (after === undefined || position > after.position),
    );
    const hasMore = rest.length > limit;
    return Promise.resolve({ events: rest.slice(0, limit), hasMore, ends: ENDS, gaps: [], tailFromMicros: 7 });
  }
}

describe('the pages of a history', () => {
  const clock = new StillClock();
  let ending: AbortController;
  beforeEach(() => {
    ending = new AbortController();
  });
  const range = {
    topics: [aLane().topic],
    symbols: ['AAPL'],
    dataTypes: undefined,
    fromMicros: 0,
    toMicros: undefined,
  };
  const pages = (history: Answers, of: object = {}) =>
    historicalPages(
      { ...range, ...of },
      { history, turns: new ReadingTurns(1), clock, signal: ending.signal, pageEvents: 10 },
    );
  const placesOf = (page: EventPage) => page.events.map(({ place }) => place.position);

  it('have everything once, dense and sparse times alike, as of the first one', async () => {
    const dense = Array.from({ length: 95 }, (_, offset) => at(MIDNIGHT + Math.floor(offset / 25), offset));
    const all = [at(0, 0), ...dense.map(({ place }, index) => at(place.timeMicros, index + 1)), at(MIDNIGHT * 2, 96)];
    const answers = new Answers(all);
    const seen: string[] = [];
    for await (const page of pages(answers)) seen.push(...placesOf(page));
    expect(seen).toEqual(all.map(({ place }) => place.position));
    // Half a century in which nothing happened takes a page for each time that the span doubles.
    expect(answers.asked.length).toBeLessThan(60);
    expect(answers.asked[0].ends).toBeUndefined();
    expect(answers.asked.slice(1).every(({ ends, tailFromMicros }) => ends === ENDS && tailFromMicros === 7)).toBe(
      true,
    );
  });

  it('end where they are to', async () => {
    const answers = new Answers([at(1, 0), at(2, 1), at(3, 2)]);
    const seen: string[] = [];
    for await (const page of pages(answers, { fromMicros: 2, toMicros: 3, dataTypes: ['BAR'] }))
      seen.push(...placesOf(page));
    expect(seen).toEqual(['0001']);
    expect(answers.asked).toEqual([expect.objectContaining({ startMicros: 2, endMicros: 3, dataTypes: ['BAR'] })]);
  });

  it('are read when they are asked for', async () => {
    const answers = new Answers(Array.from({ length: 30 }, (_, offset) => at(offset, offset)));
    const reading = pages(answers, { toMicros: 60 * SECOND });
    await reading.next();
    await settle(clock);
    expect(answers.asked).toHaveLength(1);
    ending.abort();
    expect(await reading.next()).toEqual({ done: true, value: undefined });
    expect(answers.asked).toHaveLength(1);
  });

  it('wait while others read, and give up in the end', async () => {
    const answers = new Answers([at(1, 0)]);
    let refusals = 3;
    const busy = () => new DistributionError('gateway.full', 'busy', { retryAfterMs: 500 });
    answers.fail = () => (refusals-- > 0 ? busy() : undefined);
    const turn = setInterval(() => clock.advance(500), 1);
    const { value } = await pages(answers).next();
    expect([placesOf(value as EventPage), answers.asked.length]).toEqual([['0000'], 4]);
    answers.fail = busy;
    await expect(pages(answers).next()).rejects.toMatchObject({ code: 'gateway.full' });
    clearInterval(turn);
    answers.fail = () => new DistributionError('store.unavailable', 'broken');
    await expect(pages(answers).next()).rejects.toMatchObject({ code: 'store.unavailable' });
  });
});
