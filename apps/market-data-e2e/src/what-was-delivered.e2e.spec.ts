import { randomUUID } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import { reopened, webSocketDoor } from '@distributary/distribution-service/testing';
import { openOwnDatabase, type OwnDatabase } from '@distributary/persistence/testing';
import { aSymbol, aTrade, trades } from './events.js';
import { TestApp } from './harness.js';

interface Logged {
  readonly message_id: string;
  readonly topic_name: string;
  readonly partition_id: number;
  readonly offset_position: string;
  readonly delivery_latency_ms: number | null;
  readonly retry_count: number;
  readonly status: string;
  readonly error_message: string | null;
}

describe('what was delivered', () => {
  let database: OwnDatabase;
  let app: TestApp;
  beforeAll(async () => {
    database = await openOwnDatabase('market-data');
    app = await TestApp.start({
      DATABASE_URL: database.url,
      DELIVERY_LOG_SAMPLE_PPM: '1000000',
      RECEIPT_SAMPLE_PPM: '1000000',
      RECEIPT_INTERVAL_MS: '200',
    });
  }, 60_000);
  afterAll(async () => {
    await app.stop();
    await database.stop();
  }, 60_000);

  const logged = (messageId: string) =>
    database.rows.query<Logged[]>(
      'SELECT * FROM message_delivery_log WHERE message_id = $1 ORDER BY timestamp, retry_count, status',
      [messageId],
    );

  it('is in the log of deliveries, with how long it took', async () => {
    const symbol = aSymbol();
    const stream = await webSocketDoor.open(app, { symbols: [symbol] });
    await stream.record.next('subscribed');
    const [trade] = trades(symbol, 1);
    await app.publish(trade);
    await stream.record.events(1);
    const [row] = await until('its row', async () => {
      const found = await logged(trade.event_id);
      return found.length > 0 && found;
    });
    expect(row).toMatchObject({
      topic_name: 'market-data/normalized/equities',
      retry_count: 0,
      status: 'delivered',
      error_message: null,
      partition_id: expect.any(Number),
      offset_position: expect.stringMatching(/^\d+$/),
    });
    expect(row.delivery_latency_ms).toBeGreaterThan(0);
    await stream.close();
  });

  it('and refused is there with each attempt, and as failed when it is given up', async () => {
    const [symbol, name] = [aSymbol(), randomUUID()];
    const selection = { name, symbols: [symbol], start: 'earliest' as const, max_attempts: 2 };
    const reader = await reopened(webSocketDoor, app, selection);
    const [{ generation, positions }] = reader.record.of('subscribed');
    const [trade] = trades(symbol, 1);
    await app.publish(trade);
    for (let attempt = 1; attempt <= 2; attempt++) {
      await until('the attempt', () => reader.record.received().length === attempt);
      reader.send('nack', { id: 's', generation: generation as number, positions, delay_ms: 1 });
    }
    const found = await until('both rows', async () => {
      const all = (await logged(trade.event_id)).filter(({ status }) => status !== 'delivered');
      return all.length >= 2 && all;
    });
    expect(found.map(({ status, retry_count, error_message }) => [status, retry_count, error_message])).toEqual([
      ['retrying', 0, `nacked: ${name}`],
      ['failed', 1, `nacked: ${name}`],
    ]);
    await reader.close();
  });

  it('and not acknowledged when its session ended is there as tried again, and acknowledged as delivered', async () => {
    const [symbol, name] = [aSymbol(), randomUUID()];
    const selection = { name, type: 'shared' as const, keys: [`${symbol}.#`], start: 'earliest' as const };
    const trade = aTrade(symbol);
    await app.publish(trade);
    const first = await reopened(webSocketDoor, app, selection);
    await first.record.events(1);
    await first.close();
    const second = await reopened(webSocketDoor, app, selection);
    await second.record.events(1);
    const [{ generation }] = second.record.of('subscribed');
    second.send('ack', { id: 's', generation: generation as number, event_ids: [trade.event_id] });
    const found = await until('both rows', async () => {
      const all = await logged(trade.event_id);
      return all.length >= 2 && all;
    });
    expect(found.map(({ status, error_message }) => [status, error_message])).toEqual([
      ['retrying', `session_ended: ${name}`],
      ['delivered', null],
    ]);
    await second.close();
  });

  it('is told by receipts, events of their own topic that have no receipts themselves', async () => {
    const symbol = aSymbol();
    const receipts = await webSocketDoor.open(app, { patterns: ['market-data/distributed'], symbols: [symbol] });
    const readers = [
      await webSocketDoor.open(app, { symbols: [symbol] }),
      await webSocketDoor.open(app, { symbols: [symbol] }),
      await webSocketDoor.open(app, { symbols: [symbol], exchanges: ['NASDAQ'] }),
    ];
    await Promise.all([receipts, ...readers].map((reader) => reader.record.next('subscribed')));
    const trade = aTrade(symbol, { price: 150.25, volume: 7 }, { routing: { target_workflows: [] } });
    const [result] = (await app.publish(trade)) as readonly { topic: string; partition: number; position: string }[];
    await Promise.all(readers.map((reader) => reader.record.events(1)));
    const [receipt] = (await receipts.record.events(1)) as unknown as Record<string, Record<string, unknown>>[];
    expect(receipt).toMatchObject({
      distribution: {
        topic: 'market-data/normalized/equities',
        partition: result.partition,
        position: result.position,
        offset: expect.any(Number),
        message_id: trade.event_id,
        subscribers_notified: 3,
      },
      data: { symbol, exchange: 'NASDAQ', price: 150.25, volume: 7 },
      routing: { routing_key: `${symbol}.NASDAQ.trade`, delivery_guarantees: 'at_least_once' },
    });
    expect(receipt.distribution.distribution_latency_ms).toBeGreaterThan(0);
    // Another receipt would be of the receipt: the sample has every event, and this one was delivered.
    const later = aTrade(symbol);
    await app.publish(later);
    const [, second] = (await receipts.record.events(2)) as unknown as Record<string, Record<string, unknown>>[];
    expect(second.distribution).toMatchObject({ message_id: later.event_id });
    const query = 'patterns=market-data/distributed&limit=1';
    expect(await app.get(`/api/v1/market-data/events?${query}`)).toMatchObject({
      status: 200,
      body: { events: [{ data_type: 'RECEIPTS' }] },
    });
    await Promise.all([receipts, ...readers].map((reader) => reader.close()));
  });
});
