import {
  decodeCursor,
  type Filter,
  LOCAL_PRINCIPAL,
  type Permission,
  type Principal,
} from '@distributary/distribution-core';
import { settle, until } from '@distributary/distribution-core/testing';
import { archivedTopics } from '../archive/archive-feed.js';
import { aLane, aRow, MIDNIGHT, StillClock } from '../archive/testing/archive-world.js';
import { HistoryWorld } from '../candles/testing/history-world.js';
import { marketDataTopics } from '../events/default-topics.js';
import { parseMarketDataEvents, toPublishedEvent } from '../events/market-data-event.js';
import { countedMetrics } from '../testing/counted-metrics.js';
import { aTrade, countingIds } from '../testing/published-events.js';
import { HistoricalStreams, type HistoricalStreamsOptions } from './historical-streams.js';

const TOPIC = 'market-data/normalized/equities';
const START = '2026-03-10T00:00:00Z';
type Frame = Readonly<Record<string, unknown>>;

const topics = marketDataTopics().map((topic) => ({ ...topic, catalogVersion: 3, createdAtMicros: 0 }));
const { brokerName } = topics.find(({ name }) => name === TOPIC) as { brokerName: string };
const lane = aLane({ topic: brokerName });

const someone = (constraint: Filter | undefined, of: Partial<Permission> = {}, tenant = 'default'): Principal => ({
  ...LOCAL_PRINCIPAL,
  tenant,
  permissions: [{ verbs: ['read'], topicPattern: 'market-data/#', constraint, ...of }],
});

describe('streams of historical data', () => {
  let world: HistoryWorld;
  let clock: StillClock;
  let counted: ReturnType<typeof countedMetrics>;
  let ending: AbortController;
  beforeEach(async () => {
    world = await HistoryWorld.make();
    clock = new StillClock();
    counted = countedMetrics();
    ending = new AbortController();
  });
  afterEach(() => world.end());

  /** Trades a second apart, named by their offsets. */
  const rowsOf = (count: number, first = 0, data: Parameters<typeof aTrade>[0] = {}, event: object = {}) =>
    Array.from({ length: count }, (_, index) => {
      const offset = first + index;
      const timestamp = new Date(MIDNIGHT / 1_000 + offset * 1_000).toISOString();
      const [parsed] = parseMarketDataEvents([aTrade({ timestamp, ...data }, { event_id: `e${offset}`, ...event })]);
      const { record } = toPublishedEvent(parsed, clock, countingIds);
      const { eventId, timeMicros, value } = record;
      return aRow(offset, { eventId, timeMicros, dataType: 'TRADE', value: Buffer.from(value) });
    });
  const streamsOf = (options: Partial<HistoricalStreamsOptions> = {}) =>
    new HistoricalStreams(
      {
        directory: { list: () => topics, version: 5 },
        isArchived: archivedTopics({ quotes: false }),
        log: {
          ends: (topic) =>
            Promise.resolve(
              [0, 1].map((partition) => ({
                lane: { ...lane, topic, partition },
                beforeFirst: `before-${partition}`,
                last: 'later',
                events: 0,
                bytes: 0,
              })),
            ),
        },
        history: () => Promise.resolve(world.history),
        clock,
        metrics: counted.metrics,
      },
      { maxStreams: 2, maxReads: 1, pageEvents: 10, ...options },
    );
  const framesOf = (streams: HistoricalStreams, request: object = {}, principal: Principal = LOCAL_PRINCIPAL) =>
    streams.frames({ symbols: ['AAPL'], start_time: START, ...request }, principal, ending.signal);
  async function all(streams: HistoricalStreams, request?: object, principal?: Principal): Promise<Frame[]> {
    const frames: Frame[] = [];
    for await (const frame of framesOf(streams, request, principal)) frames.push(frame);
    return frames;
  }
  const idsOf = (frames: readonly Frame[]) =>
    frames.flatMap(({ events = [] }) => (events as { event_id: string }[]).map(({ event_id: id }) => id));

  it('have archive and log in order, and a cursor of every lane at their end', async () => {
    await world.archived(lane, rowsOf(25));
    world.tail.add(lane, rowsOf(5, 25));
    const frames = await all(streamsOf());
    expect(idsOf(frames)).toEqual(Array.from({ length: 30 }, (_, offset) => `e${offset}`));
    const { catalogVersion, positions } = decodeCursor(frames.at(-1)?.cursor as string);
    expect(catalogVersion).toBe(5);
    const own = positions.filter(({ topic }) => topic === TOPIC);
    expect(own.map(({ position }) => position)).toEqual([rowsOf(1, 29)[0].position, 'before-1']);
    expect(counted.counts()).toEqual({ history_stream_events_total: 30 });
  });

  it('have no cursor if they were to end before all there is', async () => {
    await world.archived(lane, rowsOf(5));
    expect(await all(streamsOf(), { end_time: '2026-03-10T00:00:02Z' })).toEqual([{ events: expect.any(Array) }]);
    const frames = await all(streamsOf(), { limit: 3 });
    expect([idsOf(frames), frames.some(({ cursor }) => cursor !== undefined)]).toEqual([['e0', 'e1', 'e2'], false]);
  });

  it('are refused before anything is sent if they were to end after all times', async () => {
    await world.archived(lane, rowsOf(25));
    const frames = framesOf(streamsOf(), { end_time: '9999-12-31T23:59:59Z' });
    await expect(frames.next()).rejects.toMatchObject({ code: 'request.invalid', problems: [{ path: 'end_time' }] });
  });

  it('have what their caller may read, and nothing of another tenant', async () => {
    await world.archived(lane, [...rowsOf(1), ...rowsOf(1, 1, { exchange: 'XNYS' })]);
    const isThere: Filter = { op: 'eq', attribute: 'exchange', value: 'XNYS' };
    const of = async (principal: Principal) => idsOf(await all(streamsOf(), {}, principal));
    expect(await of(someone(undefined))).toEqual(['e0', 'e1']);
    expect(await of(someone(isThere))).toEqual(['e1']);
    expect(await of(someone(undefined, {}, 'acme'))).toEqual([]);
    expect(await of(someone(undefined, { topicPattern: 'market-data/bars/#' }))).toEqual([]);
    await expect(of(someone(undefined, { verbs: ['publish'] }))).rejects.toMatchObject({ code: 'auth.forbidden' });
    await expect(of(someone(undefined, { topicPattern: 'other' }))).rejects.toMatchObject({ code: 'auth.forbidden' });
  });

  it('have what is for the service that asks', async () => {
    const forRisk = rowsOf(1, 1, {}, { routing: { target_workflows: ['risk'] } });
    await world.archived(lane, [...rowsOf(1), ...forRisk]);
    expect(idsOf(await all(streamsOf()))).toEqual(['e0']);
    expect(idsOf(await all(streamsOf(), { subscriber_service: 'risk' }))).toEqual(['e0', 'e1']);
  });

  it('have what a rule has taken parts away from, as live streams do', async () => {
    const without = (offset: number, part: 'routing' | 'metadata') => {
      const [row] = rowsOf(1, offset);
      const { [part]: _part, ...rest } = JSON.parse(Buffer.from(row.value).toString()) as Record<string, object>;
      return { ...row, value: Buffer.from(JSON.stringify(part === 'routing' ? { ...rest, routing: {} } : rest)) };
    };
    await world.archived(lane, [...rowsOf(1), without(1, 'routing'), without(2, 'metadata'), ...rowsOf(1, 3)]);
    expect(idsOf(await all(streamsOf()))).toEqual(['e0', 'e1', 'e2', 'e3']);
  });

  it('say once where events may be missing', async () => {
    const archive = await world.archive.open();
    const [first, second] = [rowsOf(12), rowsOf(12, 20)];
    await archive.append({ lane, rows: first });
    await archive.append({ lane, rows: second, followsGap: true });
    await archive.close();
    const gaps = (await all(streamsOf())).filter(({ gap }) => gap !== undefined);
    const [from, to] = [first[11].position, second[0].position];
    expect(gaps).toEqual([{ gap: { lane: `${TOPIC}#0`, epoch: lane.epoch, from, to, reason: 'expired' } }]);
  });

  it('come at the pace that is asked for', async () => {
    await world.archived(lane, rowsOf(3));
    const came: string[] = [];
    const reading = (async () => {
      for await (const frame of framesOf(streamsOf(), { speed: 2 })) came.push(...idsOf([frame]));
    })();
    await until('the first event', () => came.length === 1);
    clock.advance(499);
    await settle(clock);
    expect(came).toEqual(['e0']);
    clock.advance(1);
    await until('the second event', () => came.length === 2);
    clock.advance(500);
    await reading;
    expect(came).toEqual(['e0', 'e1', 'e2']);
  });

  it('are so many at once, and fewer when one is ended', async () => {
    await world.archived(lane, rowsOf(3));
    const streams = streamsOf({ maxStreams: 1 });
    const open = framesOf(streams, { speed: 1 });
    await open.next();
    expect(counted.counts().history_streams).toBe(1);
    await expect(all(streams)).rejects.toMatchObject({ code: 'gateway.full', retryable: true });
    expect(counted.counts().history_streams_refused_total).toBe(1);
    const waiting = open.next();
    ending.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(counted.counts().history_streams).toBeUndefined();
    ending = new AbortController();
    expect(idsOf(await all(streams))).toHaveLength(3);
  });
});
