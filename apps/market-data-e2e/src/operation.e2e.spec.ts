import { randomUUID } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import { reopened, subscribed, webSocketDoor } from '@distributary/distribution-service/testing';
import { STREAM_DOORS } from './doors/all-doors.js';
import { aSymbol, trades } from './events.js';
import { TestApp } from './harness.js';

const API = '/api/v1/market-data';
const TRADES = 'market-data/normalized/equities';

describe('the market data service says of itself', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ SLA_WRITE_INTERVAL_MS: '1000' });
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('that it is alive and ready', async () => {
    expect(await app.get('/health/live')).toMatchObject({ status: 200 });
    expect(await app.get('/health/ready')).toMatchObject({ status: 200 });
  });

  it('how much it distributed, how late, and as service levels of the day', async () => {
    const symbol = aSymbol();
    const readers = await Promise.all(STREAM_DOORS.map((door) => subscribed(door, app, { symbols: [symbol] })));
    await app.publish(...trades(symbol, 10));
    for (const reader of readers) await reader.record.events(10);
    const due = 10 * STREAM_DOORS.length;

    const { windows } = (await app.get(`${API}/stats/topics/${encodeURIComponent(TRADES)}`)).body as unknown as {
      windows: Readonly<Record<string, { deliveries: number; delivery_ratio: number; latency_ms: { p99: number } }>>;
    };
    expect(windows['1m'].deliveries).toBeGreaterThanOrEqual(due);
    expect(windows['1m'].delivery_ratio).toBe(1);
    expect(windows['1m'].latency_ms.p99).toBeGreaterThan(0);
    const { text } = (await app.get('/metrics')).body as { text: string };
    const deliveries = Number(/^fan_out_deliveries_total(?:\{.*\})? (\S+)$/m.exec(text)?.[1]);
    expect(deliveries).toBeGreaterThanOrEqual(due);
    const level = await until('the service level', async () => {
      const { body } = await app.get(`${API}/stats/sla?topic=${encodeURIComponent(TRADES)}`);
      const [row] = body.items as unknown as Record<string, unknown>[];
      return row !== undefined && Number(row.deliveries) >= due ? row : undefined;
    });
    expect(level).toMatchObject({ topic: TRADES, failed: 0, delivery_ratio: 1 });
    for (const reader of readers) await reader.close();
  });

  it('which durable subscription lags, and by how much', async () => {
    const [symbol, name] = [aSymbol(), randomUUID()];
    await (await reopened(webSocketDoor, app, { name, symbols: [symbol] })).close();
    await app.publish(...trades(symbol, 3));
    expect((await app.get(`${API}/subscriptions/${name}/health`)).body).toMatchObject({
      is_owned: false,
      lag_events: 3,
    });
  });
});
