import { noMetrics, type LaneState, positionOfOffset } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import { createDataSource, migrate } from '@distributary/persistence';
import { type TestDatabaseServer, testDatabaseServers } from '@distributary/persistence/testing';
import type { DataSource } from 'typeorm';
import { aTrade, batchOf } from '../testing/published-events.js';
import { DistributionStatistics } from './distribution-statistics.js';
import { keepStatistics } from './statistics-retention.js';
import type { DeliveryRow, LaneRow } from './statistics-rows.js';
import { StatisticsTables } from './statistics-tables.js';

const DAY_MICROS = 86_400_000_000;
const lane = {
  lane: { topic: 'q', partition: 2, epoch: 'e' },
  topic: { name: 'quotes', tenant: 'default' },
} as LaneState;

const aLaneRow = (atMicros: number): LaneRow => ({
  atMicros,
  topic: 'quotes',
  partition: 0,
  throughputPerSecond: 1,
  latencyP50Ms: undefined,
  latencyP99Ms: undefined,
  errorRate: 0,
  backlog: undefined,
  consumers: 0,
  producers: undefined,
});

describe.each(testDatabaseServers(process.env.TEST_DATABASE_URL))('the tables of statistics on $name', ({ open }) => {
  let server: TestDatabaseServer;
  let own: DataSource;
  let tables: StatisticsTables;
  beforeAll(async () => {
    server = await open();
    own = createDataSource({ url: await server.create(), owner: 'market-data' });
    await migrate(await own.initialize());
    tables = new StatisticsTables(own);
  }, 60_000);
  afterAll(async () => {
    await own.destroy();
    await server.stop();
  });

  async function partitionsOf(table: string): Promise<string[]> {
    const rows = await own.query<{ relname: string }[]>(
      `SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = $1::regclass ORDER BY relname`,
      [table],
    );
    return rows.map(({ relname }) => relname);
  }

  it('take what a process distributed, and single deliveries', async () => {
    const clock = new FakeClock();
    await tables.maintain(clock.nowMicros(), 0);
    const errors: unknown[] = [];
    const statistics = new DistributionStatistics(
      {
        tables,
        clock,
        metrics: noMetrics,
        onError: (error) => errors.push(error),
        standingOf: () => ({ producers: 3 }),
      },
      { intervalMs: 10_000, sampleRate: 1 },
    );
    statistics.start();
    statistics.figures.arrived(lane, 10, 1_000);
    statistics.figures.delivered(1, lane, 4, 10, 5);
    clock.advance(10_000);
    statistics.figures.lost(lane, 'slow', 2);
    const at = { topic: 'quotes', partition: 2, epoch: 'e' };
    const batch = batchOf(clock, aTrade({}, { event_id: 'one' }));
    const delivery = { batch, index: 0, at: { ...at, position: positionOfOffset(7) }, attempt: 1 };
    statistics.deliveries.acknowledged({ ...delivery, event: batch.recordAt(0) });
    statistics.deliveries.failed({
      subscriptionId: 'x'.repeat(5_000),
      eventId: 'm'.repeat(200),
      at: { ...at, position: 'of another broker' },
      attempts: 5,
      reason: 'nacked',
    });
    await statistics.stop();
    expect(errors).toEqual([]);
    expect(
      await own.query(
        `SELECT topic_name, messages_distributed, bytes_distributed, avg_latency_ms, error_count, active_subscriptions,
                extract(epoch FROM timestamp)::float8 AS at FROM distribution_stats ORDER BY messages_distributed`,
      ),
    ).toEqual([
      expect.objectContaining({ messages_distributed: '0', avg_latency_ms: null, error_count: '2' }),
      {
        topic_name: 'quotes',
        messages_distributed: '50',
        bytes_distributed: '5000',
        avg_latency_ms: 4,
        error_count: '0',
        active_subscriptions: 5,
        at: 1_750_000_010,
      },
    ]);
    const [, metrics] = await own.query<object[]>(
      'SELECT * FROM distribution_metrics_ts ORDER BY throughput_per_second',
    );
    expect(metrics).toMatchObject({
      timestamp: new Date(1_750_000_010_000),
      topic_name: 'quotes',
      partition_id: 2,
      throughput_per_second: 5,
      error_rate: 0,
      backlog_size: null,
      consumer_count: 5,
      producer_count: 3,
    });
    expect(await own.query('SELECT * FROM message_delivery_log ORDER BY retry_count')).toEqual([
      {
        timestamp: new Date(1_750_000_010_000),
        message_id: 'one',
        topic_name: 'quotes',
        partition_id: 2,
        offset_position: '7',
        delivery_latency_ms: 1_750_000_010_000,
        retry_count: 0,
        status: 'delivered',
        error_message: null,
      },
      expect.objectContaining({
        message_id: 'm'.repeat(100),
        offset_position: null,
        retry_count: 4,
        status: 'failed',
        error_message: `nacked: ${'x'.repeat(992)}`,
      }),
    ]);
  });

  it('are partitioned by hour and day, ahead of time, and what is too old is dropped step by step', async () => {
    const clock = new FakeClock(1_800_000_000_000_000);
    const first = await keepStatistics(tables, clock);
    expect(first.created).toBe(8);
    expect(await partitionsOf('distribution_metrics_ts')).toEqual(
      expect.arrayContaining(['07', '08', '09', '10'].map((hour) => `distribution_metrics_ts_20270115${hour}`)),
    );
    expect(await partitionsOf('message_delivery_log')).toContain('message_delivery_log_2027011700');
    expect(await keepStatistics(tables, clock)).toMatchObject({ created: 0, dropped: 0 });
    await own.query(
      `INSERT INTO distribution_metrics_ts (timestamp, topic_name) VALUES (to_timestamp(1800000000), 'kept'), (to_timestamp(1799999999), 'gone')`,
    );
    clock.advance((7 * DAY_MICROS) / 1_000);
    const before = await partitionsOf('distribution_metrics_ts');
    expect(await tables.maintain(clock.nowMicros(), 1)).toEqual({ created: 8, dropped: 1 });
    expect(await tables.maintain(clock.nowMicros(), 100)).toMatchObject({ created: 0 });
    const after = await partitionsOf('distribution_metrics_ts');
    expect(after.filter((name) => before.includes(name))).toEqual(
      ['08', '09', '10'].map((hour) => `distribution_metrics_ts_20270115${hour}`),
    );
    const rows = await own.query<{ topic_name: string }[]>(
      'SELECT topic_name FROM distribution_metrics_ts WHERE timestamp > to_timestamp(1790000000)',
    );
    expect(rows).toEqual([{ topic_name: 'kept' }]);
  });

  it('have chunks for what is written, and lose old rows of topics, while a reader keeps old chunks from being dropped', async () => {
    const clock = new FakeClock(1_820_000_000_000_000);
    await keepStatistics(tables, clock);
    const row = { topic: 'read', messages: 1, bytes: 1, latencyMs: undefined, errors: 0, subscriptions: 1 };
    await tables.insertTopics([{ ...row, atMicros: clock.nowMicros() }]);
    clock.advance((8 * DAY_MICROS) / 1_000);
    const atMicros = clock.nowMicros();
    const reader = own.createQueryRunner();
    await reader.startTransaction();
    try {
      await reader.query('SELECT 1 FROM distribution_metrics_ts');
      await expect(keepStatistics(tables, clock)).rejects.toMatchObject({ code: 'store.unavailable' });
      await tables.insertLanes([aLaneRow(atMicros)]);
    } finally {
      await reader.rollbackTransaction();
      await reader.release();
    }
    expect(await own.query(`SELECT 1 FROM distribution_stats WHERE topic_name = 'read'`)).toEqual([]);
    const old = 'distribution_metrics_ts_2027090319';
    expect(await partitionsOf('distribution_metrics_ts')).toContain(old);
    expect(await keepStatistics(tables, clock)).toMatchObject({ created: 0 });
    expect(await partitionsOf('distribution_metrics_ts')).not.toContain(old);
  });

  it('leave the work to one of several processes that do it at once', async () => {
    const atMicros = 1_850_000_000_000_000;
    const done = await Promise.all([1, 2, 3].map(() => tables.maintain(atMicros, 10)));
    expect(done.reduce((sum, { created }) => sum + created, 0)).toBe(8);
  });

  const aDelivery: DeliveryRow = {
    atMicros: 0,
    messageId: 'm',
    topic: 't',
    partition: undefined,
    offset: undefined,
    latencyMs: undefined,
    retries: 0,
    status: 'failed',
    error: undefined,
  };

  it('refuse a time that has no chunk, which is no outage', async () => {
    await expect(tables.insertDeliveries([aDelivery])).rejects.toMatchObject({ code: 'request.invalid' });
  });

  it('take the deliveries of events whose ids hold what PostgreSQL does not, and the others with them', async () => {
    const atMicros = 1_900_000_000_000_000;
    await tables.maintain(atMicros, 0);
    const rows = ['plain', 'a\0b', '\ud800'].map((messageId) => ({ ...aDelivery, atMicros, messageId, topic: 'odd' }));
    await tables.insertDeliveries(rows);
    expect(await own.query(`SELECT message_id FROM message_delivery_log WHERE topic_name = 'odd'`)).toEqual(
      expect.arrayContaining(['plain', 'a\ufffdb', '\ufffd'].map((message_id) => ({ message_id }))),
    );
  });

  it('lose rows of topics that are too old, so many at a time', async () => {
    await own.query('TRUNCATE distribution_stats');
    const row = { topic: 't', messages: 1, bytes: 1, latencyMs: undefined, errors: 0, subscriptions: 1 };
    await tables.insertTopics([1, 2, 3, 1_000].map((atMicros) => ({ ...row, atMicros })));
    expect(await tables.deleteTopicsBefore(500, 2)).toBe(2);
    expect(await tables.deleteTopicsBefore(500, 2)).toBe(1);
    expect(await tables.deleteTopicsBefore(500, 2)).toBe(0);
  });

  it('find the rows of a topic or a message by an index', async () => {
    const rows = await own.query<{ indexdef: string }[]>(
      `SELECT indexdef FROM pg_indexes WHERE schemaname = 'market_data'`,
    );
    const found = rows.map(({ indexdef }) => indexdef).join('\n');
    expect(found).toMatch(
      /idx_distribution_metrics_topic_time ON \S+ \S+ USING btree \(topic_name, "timestamp" DESC\)/,
    );
    expect(found).toMatch(/idx_delivery_log_message_time ON \S+ \S+ USING btree \(message_id, "timestamp" DESC\)/);
  });
});
