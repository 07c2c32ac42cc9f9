import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { until } from '@distributary/distribution-core/testing';
import { sseDoor, subscribed } from '@distributary/distribution-service/testing';
import { aSymbol, aTrade } from './events.js';
import { TestApp } from './harness.js';

const API = '/api/v1/market-data';
const RANGE = 'start_time=2026-03-10T14:00:00Z&end_time=2026-03-10T15:00:00Z';
const NEVER = '3600000';

describe('what market data was', () => {
  const archive = mkdtempSync(path.join(os.tmpdir(), 'distributary-market-archive-'));
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ ARCHIVE_DIR: archive, ARCHIVE_FLUSH_MS: NEVER });
  }, 60_000);
  afterAll(async () => {
    await app.stop();
    rmSync(archive, { recursive: true, force: true });
  }, 60_000);

  const asked = async (symbol: string, query = `?${RANGE}`) => {
    const { status, body } = await app.get(`${API}/${symbol}/history${query}`);
    expect(status).toBe(200);
    return body as { readonly count: number; readonly data: readonly object[] };
  };
  const files = () =>
    readdirSync(archive, { recursive: true }).filter((name) => String(name).endsWith('.parquet')).length;

  it('is the same from the log, from the archive, from both, and after a restart', async () => {
    const symbol = aSymbol();
    const trade = (minute: number, price: number | string, volume: number) =>
      aTrade(symbol, { price, volume, timestamp: `2026-03-10T14:0${minute}:00Z` });
    const first = trade(0, 480.25, 100);
    await app.publish(first, trade(0, 480.05, 100), trade(2, '481.000000000000000001', 50));
    await app.publish(first);
    const fromLog = await asked(symbol);
    expect(fromLog).toMatchObject({
      symbol,
      count: 2,
      has_more: false,
      data: [
        { timestamp: '2026-03-10T14:00:00.000Z', open: 480.25, close: 480.05, volume: 200, vwap: 480.15 },
        { timestamp: '2026-03-10T14:02:00.000Z', open: '481.000000000000000001', volume: 50, trade_count: 1 },
      ],
    });
    expect(files()).toBe(0);

    await app.restart({ ARCHIVE_FLUSH_MS: '100' });
    await until('a file of the archive', () => files() > 0, 20_000);
    expect(await asked(symbol)).toEqual(fromLog);

    await app.restart({ ARCHIVE_FLUSH_MS: NEVER });
    await app.publish(first, trade(3, 482, 10));
    const longer = await asked(symbol);
    expect(longer).toMatchObject({ count: 3, data: [...fromLog.data, { open: 482, volume: 10, trade_count: 1 }] });
  }, 120_000);

  it('is exact, also where figures add up to more than a number or a database holds', async () => {
    const symbol = aSymbol();
    const [price, volume] = ['99999999999999999999.5', Number.MAX_SAFE_INTEGER];
    const huge = () => aTrade(symbol, { price, volume, timestamp: '2026-03-10T14:00:00Z' });
    await app.publish(huge(), huge(), aTrade(symbol, { price: 150.25, volume: 4, timestamp: '2026-03-10T14:01:00Z' }));
    expect((await asked(symbol)).data).toMatchObject([
      { high: price, vwap: price, volume: '18014398509481982' },
      { vwap: 150.25, volume: 4 },
    ]);
  });

  it('begins with ticks that are made up and the days of a real index, where nothing else is', async () => {
    await app.restart({ DEMO_TICKS_PER_SECOND: '20' });
    const bars = await subscribed(sseDoor, app, { symbols: ['SPX'], data_types: ['BAR'], start: 'earliest' });
    const [day] = await bars.record.events(10);
    expect(day).toMatchObject({ data: { symbol: 'SPX', timestamp: '2000-01-03T00:00:00Z' } });
    expect(day.metadata).toMatchObject({ replayed: true });
    const latest = await until('a tick', async () => {
      const { status, body } = await app.get(`${API}/IBM/latest`);
      return status === 200 ? body : undefined;
    });
    expect(latest).toMatchObject({ symbol: 'IBM', data: { exchange: 'SYNTH' }, source: 'synthetic-ticks' });
    await until('candles of trades', async () => (await asked('IBM', '')).count > 0, 20_000);
    await bars.close();
  }, 90_000);
});
