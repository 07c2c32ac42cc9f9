import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { HistoricalDataResponse, MarketDataEventInput } from '@distributary/contracts';
import { until } from '@distributary/distribution-core/testing';
import { aTrade } from '../testing/published-events.js';
import { runApp, type TestApp } from '../testing/running-app.js';

const SYMBOL = 'BRK.B';
const trade = (minute: number, price: number | string, volume: number, exchange = 'NYSE') =>
  aTrade({ symbol: SYMBOL, exchange, price, volume, timestamp: `2026-03-10T14:0${minute}:00Z` });
const RANGE = 'start_time=2026-03-10T14:00:00Z&end_time=2026-03-10T15:00:00Z';

describe('the history of a running service', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-history-'));
  const env = (flushMs: number) => ({
    DATA_DIR: path.join(folder, 'data'),
    EMBEDDED_DIR: path.join(folder, 'log'),
    ARCHIVE_DIR: path.join(folder, 'archive'),
    ARCHIVE_FLUSH_MS: String(flushMs),
  });
  let app: TestApp | undefined;

  afterAll(async () => {
    await app?.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  async function restarted(flushMs: number): Promise<void> {
    await app?.close();
    app = undefined;
    app = await runApp(env(flushMs));
  }
  async function publish(...events: readonly MarketDataEventInput[]) {
    const answer = await fetch(`${app?.httpUrl}/api/v1/market-data/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ events }),
    });
    expect(answer.ok).toBe(true);
  }
  async function asked(query = '', symbol = SYMBOL): Promise<HistoricalDataResponse> {
    const answer = await fetch(`${app?.httpUrl}/api/v1/market-data/${symbol}/history?${RANGE}${query}`);
    expect(answer.status).toBe(200);
    return (await answer.json()) as HistoricalDataResponse;
  }
  const archivedFiles = () =>
    readdirSync(path.join(folder, 'archive'), { recursive: true }).filter((name) => String(name).endsWith('.parquet'));

  const bars = [
    {
      symbol: SYMBOL,
      timestamp: '2026-03-10T14:00:00.000Z',
      interval: '1m',
      open: 480.25,
      high: 480.25,
      low: 480.05,
      close: 480.05,
      volume: 200,
      vwap: 480.15,
      trade_count: 2,
    },
    { timestamp: '2026-03-10T14:02:00.000Z', open: '481.000000000000000001', volume: 50, trade_count: 1 },
  ];

  it('is the same from the log, from the archive, and after a restart', async () => {
    await restarted(3_600_000);
    const repeated = { ...trade(0, 480.25, 100), event_id: 'first' };
    await publish(repeated, trade(0, 480.05, 100), trade(2, '481.000000000000000001', 50, 'ARCA'));
    await publish(repeated);
    const fromLog = await asked();
    expect(fromLog).toMatchObject({
      symbol: SYMBOL,
      interval: '1m',
      count: 2,
      has_more: false,
      data: bars,
    });
    expect(archivedFiles()).toEqual([]);

    // A drain writes what waits; what the feed had not read yet is archived after the restart.
    await restarted(100);
    await until('a file of the archive', () => archivedFiles().length > 0);
    expect(await asked()).toEqual(fromLog);

    await publish(repeated, trade(3, 482, 10));
    const longer = await asked();
    expect(longer).toMatchObject({ count: 3, data: [...fromLog.data, { open: 482, volume: 10, trade_count: 1 }] });
    await restarted(3_600_000);
    expect(await asked()).toEqual(longer);
  }, 120_000);

  it('comes in pages, of one exchange if asked so, and is empty where nothing was traded', async () => {
    expect(await asked('&limit=1')).toMatchObject({ count: 1, has_more: true });
    expect(await asked('&exchange=arca')).toMatchObject({
      count: 1,
      data: [{ exchange: 'ARCA', open: '481.000000000000000001' }],
    });
    expect(await asked('', 'NOBODY')).toEqual({
      symbol: 'NOBODY',
      interval: '1m',
      data: [],
      count: 0,
      has_more: false,
    });
    const refused = await fetch(`${app?.httpUrl}/api/v1/market-data/${SYMBOL}/history?interval=2m&limit=0`);
    expect(refused.status).toBe(400);
  }, 60_000);
});
