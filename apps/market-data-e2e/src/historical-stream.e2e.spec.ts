import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { until } from '@distributary/distribution-core/testing';
import { idsOf } from '@distributary/distribution-service/testing';
import { type HistoricalCall, openHistorical, typedDoor } from './doors/grpc.js';
import { aQuote, aSymbol, aTrade } from './events.js';
import { TestApp } from './harness.js';

const SECOND = 1_000;
const BEGIN = Date.parse('2025-06-21T09:30:00Z');
const isoAt = (ms: number) => new Date(BEGIN + ms).toISOString();
const START = isoAt(0);

/** Trades that happened so many milliseconds after the beginning. */
const tradesAt = (symbol: string, ...times: readonly number[]) =>
  times.map((ms, index) => aTrade(symbol, { timestamp: isoAt(ms), sequence: index }));

describe('StreamHistoricalData', () => {
  let app: TestApp;
  let archive: string;
  beforeAll(async () => {
    archive = mkdtempSync(path.join(os.tmpdir(), 'distributary-archive-'));
    const settings = { ARCHIVE_FLUSH_MS: '500', ARCHIVE_QUOTES: 'on', HISTORY_STREAMS: '3' };
    app = await TestApp.start({ ARCHIVE_DIR: archive, ...settings });
  }, 60_000);
  afterAll(async () => {
    await app.stop();
    rmSync(archive, { recursive: true, force: true });
  }, 60_000);

  const idsIn = (call: HistoricalCall) => call.events.map(({ event_id: id }) => id);
  const whole = async (request: object) => {
    const call = openHistorical(app, { start_time: START, ...request });
    await until('the end', () => call.end !== 'open', 30_000);
    call.close();
    expect(call.end).toBe('whole');
    return call;
  };
  const metric = async (name: string) => {
    const { body } = await app.get('/metrics');
    return Number(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(body.text as string)?.[1] ?? Number.NaN);
  };
  const noneOpen = () => until('no stream is open', async () => (await metric('history_streams')) === 0);

  it('has every event of archive and log once, in order of time', async () => {
    const [one, other] = [aSymbol(), aSymbol()];
    const old = [...tradesAt(one, 0, 2 * SECOND, 4 * SECOND), ...tradesAt(other, 1 * SECOND, 3 * SECOND)];
    await app.publish(...old);
    await until('a file of the archive', () =>
      readdirSync(archive, { recursive: true }).some((name) => String(name).endsWith('.parquet')),
    );
    const late = [...tradesAt(one, 1.5 * SECOND, 6 * SECOND), ...tradesAt(other, 5 * SECOND)];
    await app.publish(...late);
    const [at0, at2, at4, at1, at3] = old.map(({ event_id: id }) => id);
    const [at1h, at6, at5] = late.map(({ event_id: id }) => id);
    const { events, cursor } = await whole({ symbols: [one, other] });
    expect(events.map(({ event_id: id }) => id)).toEqual([at0, at1, at1h, at2, at3, at4, at5, at6]);
    expect(events[0]).toMatchObject({
      data: { symbol: one, data_type: 'TRADE', price: { text: '150.25', value: 150.25 }, timestamp: BEGIN * 1_000 },
      metadata: { topic: 'market-data/normalized/equities', routing_key: expect.stringContaining('.NASDAQ.trade') },
    });
    expect(cursor).toMatch(/^v1\./);
    const within = await whole({ symbols: [one], start_time: isoAt(2 * SECOND), end_time: isoAt(6 * SECOND) });
    expect([idsIn(within), within.cursor]).toEqual([[at2, at4], undefined]);
    expect(idsIn(await whole({ symbols: [one, other], limit: 3 }))).toEqual([at0, at1, at1h]);
  });

  it('has what its criteria select', async () => {
    const symbol = aSymbol();
    const [small, large, foreign] = [
      aTrade(symbol, { timestamp: isoAt(0), volume: 10 }),
      aTrade(symbol, { timestamp: isoAt(1), volume: 500 }),
      aTrade(symbol, { timestamp: isoAt(2), volume: 500, exchange: 'XNYS' }),
    ];
    const own = aTrade(symbol, { timestamp: isoAt(3) }, { routing: { target_workflows: ['risk'] } });
    const quote = aQuote(symbol, { timestamp: isoAt(4) });
    await app.publish(small, large, foreign, own, quote);
    const of = async (filters: object) => idsIn(await whole({ symbols: [symbol], filters }));
    expect(await of({ min_volume: 100 })).toEqual(idsOf([large, foreign, quote]));
    expect(await of({ exchanges: ['nasdaq'], max_price_text: '150.25' })).toEqual(idsOf([small, large, quote]));
    expect(await of({ min_price: 151 })).toEqual([]);
    const risk = await whole({ symbols: [symbol], subscriber_service: 'risk', data_types: ['trade'] });
    expect(idsIn(risk)).toEqual(idsOf([small, large, foreign, own]));
    expect((await whole({ symbols: [symbol], data_types: ['BAR'] })).events).toEqual([]);
  });

  it('has quotes, too, where they are archived', async () => {
    const symbol = aSymbol();
    const quoteAt = (ms: number) => aQuote(symbol, { timestamp: isoAt(ms) });
    const [first, trade, second] = [quoteAt(0), ...tradesAt(symbol, 1 * SECOND), quoteAt(2 * SECOND)];
    await app.publish(first, trade, second);
    await until('a file of quotes', () =>
      readdirSync(archive, { recursive: true }).some((name) => /quotes.*\.parquet$/.test(String(name))),
    );
    const third = quoteAt(3 * SECOND);
    await app.publish(third);
    const { events } = await whole({ symbols: [symbol] });
    expect(events.map(({ event_id: id }) => id)).toEqual(idsOf([first, trade, second, third]));
    expect(events[0].data).toMatchObject({ data_type: 'QUOTE', bid_price: { text: expect.any(String) } });
    expect(idsIn(await whole({ symbols: [symbol], data_types: ['QUOTE'], limit: 2 }))).toEqual(idsOf([first, second]));
  });

  it('of a symbol that nobody has heard of is empty, and says where it goes on', async () => {
    expect(await whole({ symbols: [aSymbol()] })).toMatchObject({ events: [], cursor: expect.any(String) });
  });

  it('comes N times as fast as it happened', async () => {
    const symbol = aSymbol();
    await app.publish(...tradesAt(symbol, 0, 1, 4 * SECOND, 8 * SECOND));
    const { cameAt } = await whole({ symbols: [symbol], speed: 10 });
    const [first, , third, fourth] = cameAt;
    // Nothing is ahead of its time; two of them may lie closer together on the way.
    expect(third - first).toBeGreaterThan(350);
    expect(fourth - first).toBeGreaterThan(750);
  });

  it('goes on live without hole or copy while events are published', async () => {
    const symbol = aSymbol();
    const sent = tradesAt(symbol, ...Array.from({ length: 600 }, (_, index) => index));
    await app.publish(...sent.slice(0, 200));
    const publishing = (async () => {
      for (let from = 200; from < sent.length; from += 20) await app.publish(...sent.slice(from, from + 20));
    })();
    const past = await whole({ symbols: [symbol], data_types: ['TRADE'] });
    const start = { cursor: past.cursor as string };
    const live = await typedDoor.open(app, { symbols: [symbol], data_types: ['TRADE'], start });
    await publishing;
    expect(past.events.length).toBeGreaterThanOrEqual(200);
    const rest = await live.record.events(sent.length - past.events.length);
    expect([...idsIn(past), ...idsOf(rest)]).toEqual(idsOf(sent));
    await live.close();
  }, 60_000);

  it('reads no further than its client takes', async () => {
    const symbol = aSymbol();
    const sent = tradesAt(symbol, ...Array.from({ length: 12_000 }, (_, index) => index));
    for (let from = 0; from < sent.length; from += 1_000) await app.publish(...sent.slice(from, from + 1_000));
    const before = await metric('history_stream_events_total');
    const given = async () => (await metric('history_stream_events_total')) - before;
    const call = openHistorical(app, { symbols: [symbol], start_time: START });
    await until('the first events', () => call.events.length > 0);
    call.pause();
    let [last, looks] = [0, 0];
    await until('it waits for the client', async () => {
      const now = await given();
      looks = now === last ? looks + 1 : 0;
      last = now;
      return looks === 10;
    });
    expect(last).toBeLessThan(sent.length);
    call.resume();
    await until('the end', () => call.end !== 'open', 30_000);
    expect(idsIn(call)).toEqual(idsOf(sent));
    call.close();
  }, 60_000);

  it('ends its reading when it is cancelled, and refuses more than there is room for', async () => {
    const symbol = aSymbol();
    await app.publish(...tradesAt(symbol, 0, 3_600 * SECOND));
    await noneOpen();
    const request = { symbols: [symbol], start_time: START, speed: 1 };
    const open = [1, 2, 3].map(() => openHistorical(app, request));
    await until('their first events', () => open.every(({ events }) => events.length === 1));
    expect(await metric('history_streams')).toBe(3);
    const refused = openHistorical(app, request);
    await until('the refusal', () => refused.end !== 'open');
    expect(refused.end).toMatchObject({ code: 'gateway.full', retryable: true });
    expect(await metric('history_streams_refused_total')).toBe(1);
    for (const call of [refused, ...open]) call.close();
    await noneOpen();
  });

  it.each([
    ['symbols', { symbols: [] }],
    ['symbols[0]', { symbols: ['A B'] }],
    ['data_types[0]', { data_types: ['WEATHER'] }],
    ['start_time', { start_time: '' }],
    ['start_time', { start_time: 'yesterday' }],
    ['start_time', { start_time: '1969-12-31T23:59:59Z' }],
    ['end_time', { end_time: START }],
    ['end_time', { end_time: '2025-06-21T09:30:00' }],
    ['speed', { speed: -1 }],
    ['speed', { speed: Number.NaN }],
    ['speed', { speed: 86_401 }],
    ['min_price', { filters: { min_price: Number.NaN } }],
    ['max_price', { filters: { min_price: 2, max_price: 1 } }],
    ['exchanges[0]', { filters: { exchanges: ['N!'] } }],
  ])('is refused at %s: %j', async (path, wrong) => {
    const call = openHistorical(app, { symbols: ['AAPL'], start_time: START, ...wrong });
    await until('the refusal', () => call.end !== 'open');
    expect(call.end).toMatchObject({ code: 'request.invalid', errors: [{ path, rule: expect.any(String) }] });
    call.close();
  });
});
