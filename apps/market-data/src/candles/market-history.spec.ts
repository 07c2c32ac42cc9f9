import { existsSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ArchiveRow } from '../archive/archive-row.js';
import { aLane, aRow, DAY, MIDNIGHT, SECOND } from '../archive/testing/archive-world.js';
import { until } from '@distributary/distribution-core/testing';
import type { HistoryQuery } from './history-database.js';
import type { StoredMarketEvent } from './market-history.js';
import { HistoryWorld } from './testing/history-world.js';

let world: HistoryWorld;
beforeEach(async () => {
  world = await HistoryWorld.make();
});
afterEach(() => world.end());

const TOPIC = aLane().topic;
const MINUTE = 60 * SECOND;
const whole = { topics: [TOPIC], symbols: ['AAPL'], startMicros: MIDNIGHT, endMicros: MIDNIGHT + 2 * DAY, limit: 100 };
const trade = (offset: number, timeMicros: number, price: string, volume = 1n, row: Partial<ArchiveRow> = {}) =>
  aRow(offset, { timeMicros, price, volume, ...row });
const idOf = ({ value }: StoredMarketEvent): string =>
  (JSON.parse(Buffer.from(value).toString()) as { event_id: string }).event_id;

describe('an archive that cannot be read', () => {
  const unavailable = { code: 'store.unavailable', message: 'the archive could not be read or written' };

  const aFile = async (): Promise<string> => {
    await world.archived(aLane(), [trade(0, MIDNIGHT, '1')]);
    return world.archive.disk.absolute((await world.archive.disk.list())[0]);
  };

  it.each<[string, (file: string) => void]>([
    ['a file that is no Parquet', (file) => writeFileSync(file, 'nothing of the kind')],
    ['a file that is empty', (file) => writeFileSync(file, '')],
    ['a file that ends too early', (file) => truncateSync(file, statSync(file).size / 2)],
    ['a file with other bytes in it', (file) => writeFileSync(file, readFileSync(file).fill(0xff, 4, 200))],
    ['a file that leads nowhere', (file) => pointToItself(file)],
    ['a folder that leads nowhere', (file) => pointToItself(path.dirname(path.dirname(file)))],
    ['no room to spill', () => writeFileSync(path.join(world.archive.root, '.spill-of-reader'), '')],
  ])('says so, by %s', async (_what, damage) => {
    damage(await aFile());
    await expect(world.history.candles({ ...whole, interval: '1m' })).rejects.toMatchObject(unavailable);
    await expect(world.history.events(whole)).rejects.toMatchObject(unavailable);
  });
});

function pointToItself(place: string): void {
  rmSync(place, { recursive: true });
  symlinkSync(path.basename(place), place);
}

describe('candles', () => {
  it('have the trades of their bucket, exactly', async () => {
    const lane = aLane();
    await world.archived(lane, [
      trade(0, MIDNIGHT, '0.1', 1n),
      trade(1, MIDNIGHT + 1, '0.2', 2n),
      trade(2, MIDNIGHT + MINUTE - 1, '0.15', 0n),
      trade(3, MIDNIGHT + MINUTE, '7'),
      trade(4, MIDNIGHT, '99', 1n, { symbol: 'MSFT' }),
      trade(5, MIDNIGHT, '98', 1n, { dataType: 'quote' }),
      aRow(6, { timeMicros: MIDNIGHT, price: undefined }),
    ]);
    const { candles, hasMore, nextStartMicros } = await world.history.candles({ ...whole, interval: '1m' });
    expect(candles).toEqual([
      {
        startMicros: MIDNIGHT,
        open: '0.1',
        high: '0.2',
        low: '0.1',
        close: '0.15',
        volume: '3',
        // 0.1 + 2 × 0.2 = 0.5 without a bit too much; a third of it is rounded at the 18th decimal.
        vwap: '0.166666666666666667',
        trades: 3,
      },
      expect.objectContaining({ startMicros: MIDNIGHT + MINUTE, open: '7', vwap: '7', trades: 1 }),
    ]);
    expect([hasMore, nextStartMicros]).toEqual([false, undefined]);
  });

  it('are whole, and begin within the range', async () => {
    const times = [0, MINUTE, 2 * MINUTE, 3 * MINUTE - 1, 3 * MINUTE].map((each) => MIDNIGHT + each);
    await world.archived(
      aLane(),
      times.map((time, offset) => trade(offset, time, '1')),
    );
    const range = { ...whole, startMicros: MIDNIGHT + 1, endMicros: MIDNIGHT + 2 * MINUTE + 1 };
    const { candles } = await world.history.candles({ ...range, interval: '1m' });
    expect(candles.map(({ startMicros, trades }) => [(startMicros - MIDNIGHT) / MINUTE, trades])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('of a day end at midnight of UTC, whatever day the broker put the event in', async () => {
    await world.archived(aLane(), [
      trade(0, MIDNIGHT + DAY - 1, '1', 1n, { brokerMicros: MIDNIGHT + DAY + SECOND }),
      trade(1, MIDNIGHT + DAY, '2', 1n, { brokerMicros: MIDNIGHT + DAY + SECOND }),
    ]);
    const { candles } = await world.history.candles({ ...whole, interval: '1d' });
    expect(candles.map(({ startMicros, close }) => [startMicros, close])).toEqual([
      [MIDNIGHT, '1'],
      [MIDNIGHT + DAY, '2'],
    ]);
  });

  it('come in pages, each as of the same positions', async () => {
    const lane = aLane();
    const rows = Array.from({ length: 6 }, (_, offset) => trade(offset, MIDNIGHT + offset * MINUTE, '1'));
    await world.archived(lane, rows.slice(0, 4));
    world.tail.add(lane, rows.slice(4));
    const first = await world.history.candles({ ...whole, limit: 4, interval: '1m' });
    expect([first.candles.length, first.hasMore]).toEqual([4, true]);
    // In the meantime another trade came for a minute of the next page: it belongs to who subscribes at `ends`.
    world.tail.add(lane, [trade(6, MIDNIGHT + 5 * MINUTE, '9')]);
    const startMicros = first.nextStartMicros ?? Number.NaN;
    const second = await world.history.candles({ ...whole, startMicros, limit: 4, ends: first.ends, interval: '1m' });
    expect(second.candles.map(({ startMicros: start, trades }) => [start, trades])).toEqual([
      [MIDNIGHT + 4 * MINUTE, 1],
      [MIDNIGHT + 5 * MINUTE, 1],
    ]);
    expect(second.hasMore).toBe(false);
    expect(world.liveAfter(second.ends, lane).map(({ eventId }) => eventId)).toEqual(['event-6']);
  });

  it('are none of an empty range, an unknown symbol or an empty archive', async () => {
    const none = { candles: [], hasMore: false };
    expect(await world.history.candles({ ...whole, interval: '1h' })).toMatchObject({ ...none, ends: [] });
    await world.archived(aLane(), [trade(0, MIDNIGHT, '1')]);
    const empty = { ...whole, endMicros: whole.startMicros };
    expect(await world.history.candles({ ...empty, interval: '1h' })).toMatchObject(none);
    expect(await world.history.candles({ ...whole, symbols: ["x' OR 1=1"], interval: '1h' })).toMatchObject(none);
  });

  it('are exact beside trades of any size', async () => {
    const [price, volume] = ['99999999999999999999.999999999999999999', 2n ** 53n - 1n];
    const huge = Array.from({ length: 200 }, (_, offset) => trade(offset + 1, MIDNIGHT + 1 + offset, price, volume));
    await world.archived(aLane(), [trade(0, MIDNIGHT, '150', 10n), ...huge, trade(300, MIDNIGHT + MINUTE, '150.25')]);
    const { candles } = await world.history.candles({ ...whole, interval: '1m' });
    expect(candles).toEqual([
      {
        startMicros: MIDNIGHT,
        ...{ open: '150', high: price, low: '150', close: price, trades: 201 },
        volume: String(200n * volume + 10n),
        // Ten at 150 among 1.8e18 of them.
        vwap: '99999999999999999444.888487687421672072',
      },
      expect.objectContaining({ startMicros: MIDNIGHT + MINUTE, vwap: '150.25' }),
    ]);
  });

  it('name everything that is wrong with a request', async () => {
    const wrong = { ...whole, symbols: [''], startMicros: -1, endMicros: 0.5, limit: 0 };
    const problems = ['symbols[0]', 'start_time', 'end_time', 'limit'].map((path) => expect.objectContaining({ path }));
    await expect(world.history.candles({ ...wrong, interval: '1m' })).rejects.toMatchObject({ problems });
  });
});

describe('events of a symbol', () => {
  it('come in pages by time, with those of one time by lane and position', async () => {
    const lanes = [aLane(), aLane({ partition: 1 })];
    const rowsOf = (partition: number) =>
      Array.from({ length: 4 }, (_, offset) => {
        const eventId = `${partition}-${offset}`;
        const value = Buffer.from(JSON.stringify({ event_id: eventId }));
        return trade(offset, MIDNIGHT + Math.floor(offset / 2), '1', 1n, { eventId, value });
      });
    await world.archived(lanes[0], rowsOf(0));
    world.tail.add(lanes[1], rowsOf(1));
    const seen: string[] = [];
    let page = await world.history.events({ ...whole, limit: 3 });
    for (;;) {
      seen.push(...page.events.map(idOf));
      if (!page.hasMore) break;
      // The archive moves on between two pages.
      if (seen.length === 3) {
        const archive = await world.archive.open();
        await archive.append({ lane: lanes[1], rows: world.tail.rowsOf(lanes[1]) });
        await archive.close();
      }
      page = await world.history.events({
        ...whole,
        limit: 3,
        after: page.events.at(-1)?.place,
        ends: page.ends,
        tailFromMicros: page.tailFromMicros,
      });
    }
    expect(seen).toEqual(['0-0', '0-1', '1-0', '1-1', '0-2', '0-3', '1-2', '1-3']);
    expect(page.hasMore).toBe(false);
  });

  it('can be of some data types alone', async () => {
    const quote = trade(1, MIDNIGHT, '1', 1n, { dataType: 'quote' });
    await world.archived(aLane(), [trade(0, MIDNIGHT, '1'), quote]);
    expect((await world.history.events({ ...whole, dataTypes: ['quote'] })).events.map(idOf)).toEqual(['event-1']);
    expect((await world.history.events(whole)).events).toHaveLength(2);
  });

  it('can be of several symbols, by time', async () => {
    const lanes = [aLane(), aLane({ partition: 1 })];
    const [first, second] = [
      trade(0, MIDNIGHT + 1, '1'),
      trade(0, MIDNIGHT, '1', 1n, { symbol: 'MSFT', eventId: 'm' }),
    ];
    await world.archived(lanes[0], [first, trade(1, MIDNIGHT, '1', 1n, { symbol: 'IBM' })]);
    world.tail.add(lanes[1], [{ ...second, value: Buffer.from('{"event_id":"m"}') }]);
    const { events } = await world.history.events({ ...whole, symbols: ['AAPL', 'MSFT'] });
    expect(events.map(idOf)).toEqual(['m', 'event-0']);
  });

  it('leave the log alone on later pages that end before what it alone has', async () => {
    const lane = aLane();
    await world.archived(lane, [trade(0, MIDNIGHT, '1'), trade(1, MIDNIGHT + 1, '1')]);
    world.tail.add(lane, [trade(2, MIDNIGHT + MINUTE, '1')]);
    const { ends, tailFromMicros } = await world.history.events({ ...whole, limit: 1 });
    expect(tailFromMicros).toBe(MIDNIGHT + MINUTE);
    let reads = 0;
    world.tail.beforeRead = () => Promise.resolve(void reads++);
    const later = { ...whole, ends, tailFromMicros };
    const before = await world.history.events({ ...later, endMicros: MIDNIGHT + MINUTE });
    expect([before.events.map(idOf), reads]).toEqual([['event-0', 'event-1'], 0]);
    expect((await world.history.events(later)).events.map(idOf)).toEqual(['event-0', 'event-1', 'event-2']);
    expect(reads).toBe(1);
  });
});

describe('between archive and log', () => {
  it('nothing is missing or doubled while files are written and merged', async () => {
    const lane = aLane();
    const rows = Array.from({ length: 40 }, (_, offset) => trade(offset, MIDNIGHT + offset, '1'));
    world.tail.add(lane, rows);
    const archive = await world.archive.open({ fanIn: 2, graceMs: 0 });
    let next = 0;
    world.tail.beforeRead = async () => {
      await archive.append({ lane, rows: rows.slice(next, next + 10) });
      await archive.flush();
      next += 10;
      // Removes sources of merges at once, so files that were listed may be gone when they are read.
      world.archive.clock.advance(1);
      await archive.upkeep();
      if (next === rows.length) world.tail.beforeRead = () => Promise.resolve();
    };
    for (let asked = 0; asked < 6; asked++) {
      const { events, ends } = await world.history.events(whole);
      expect(events.map(idOf)).toEqual(rows.map(({ eventId }) => eventId));
      expect(world.liveAfter(ends, lane)).toEqual([]);
    }
    await archive.close();
  });

  it('says which events the log lost before they were archived', async () => {
    const lane = aLane();
    const archive = await world.archive.open();
    await archive.append({ lane, rows: [trade(0, MIDNIGHT, '1')] });
    await archive.append({ lane, rows: [trade(9, MIDNIGHT + 1, '1')], followsGap: true });
    await archive.flush();
    const [from, to] = [trade(0, 0, '1').position, trade(9, 0, '1').position];
    expect((await world.history.events(whole)).gaps).toEqual([{ lane, from, to }]);
  });
});

describe('a question', () => {
  const endless = {
    statement: 'SELECT sum(hash(a.range) % 7 + b.range) FROM range(100000000) a, range(10000) b',
    parameters: {},
    live: [],
  };
  const none = { statement: 'SELECT 1', parameters: {}, live: [] };
  const tooLate = { code: 'store.unavailable', message: expect.stringMatching(/longer than 300 ms/) };
  let busy: HistoryWorld;
  const asked = (query: Omit<HistoryQuery, 'signal'>, asking?: AbortSignal) =>
    busy.database.turns.run((signal) => busy.database.rows({ ...query, signal }), asking);

  beforeEach(async () => {
    busy = await HistoryWorld.make({ maxQueries: 1, timeoutMs: 300 });
  });
  afterEach(() => busy.end());

  it('is refused while too many are under way, and stopped when it takes too long', async () => {
    const late = asked(endless);
    await expect(asked(endless)).rejects.toMatchObject({ code: 'gateway.full', retryable: true });
    await expect(late).rejects.toMatchObject(tooLate);
    await until('its place', () => asked(none).then(Boolean, () => false));
  });

  it('has its turn and its time also while it reads the log', async () => {
    busy.tail.add(aLane(), [trade(0, MIDNIGHT, '1')]);
    let answer = () => {};
    const answered = new Promise<void>((resolve) => (answer = resolve));
    busy.tail.beforeRead = () => answered;
    const late = busy.history.events(whole);
    await expect(busy.history.events(whole)).rejects.toMatchObject({ code: 'gateway.full' });
    await expect(late).rejects.toMatchObject(tooLate);
    // The log has not answered yet.
    await expect(busy.history.events(whole)).rejects.toMatchObject({ code: 'gateway.full' });
    answer();
    await until('its place', () =>
      busy.history.events(whole).then(
        ({ events }) => events.length === 1,
        () => false,
      ),
    );
  });

  it('has room to spill, also where that was removed while nobody asked, and leaves none behind', async () => {
    const small = await HistoryWorld.make({ memoryBytes: 32 * 2 ** 20, timeoutMs: 120_000 });
    const folder = path.join(small.archive.root, '.spill-of-reader');
    const large = 'CREATE OR REPLACE TEMP TABLE t AS SELECT range, hash(range) h FROM range(3000000) ORDER BY h';
    const spilling = () =>
      small.database.turns.run((signal) => small.database.rows({ ...none, statement: large, signal }));
    await spilling();
    rmSync(folder, { recursive: true });
    await spilling();
    expect(existsSync(folder)).toBe(true);
    await small.end();
    expect(existsSync(folder)).toBe(false);
  }, 120_000);

  it('is not begun for who does not want it any more, and ends between two statements, too', async () => {
    const gone = { code: 'store.unavailable', message: expect.stringMatching(/nobody asks/) };
    await expect(asked(endless, AbortSignal.abort())).rejects.toMatchObject(gone);
    const asking = new AbortController();
    const rows = Array.from({ length: 2_000 }, (_, offset) => trade(offset, MIDNIGHT, '1'));
    const lane = {
      get topic() {
        // Asked for when all its rows are staged, and before they are moved on.
        asking.abort();
        return TOPIC;
      },
      partition: 0,
      epoch: 'e',
    };
    const ended = busy.database.rows({ ...endless, live: [{ lane, rows }], signal: asking.signal });
    await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
  });
});
