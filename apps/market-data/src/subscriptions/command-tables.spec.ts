import { createDataSource, migrate } from '@distributary/persistence';
import { type TestDatabaseServer, testDatabaseServers } from '@distributary/persistence/testing';
import type { DataSource } from 'typeorm';

const UUID = ['uuid', null, 'required', 'gen_random_uuid()'];
const CREATED = ['timestamptz', null, 'required', 'now()'];
const text = (length: number, need = 'optional', fallback: string | null = null) => ['varchar', length, need, fallback];

/** The specification: type, length, whether it is required, default. What has a default cannot be NULL either. */
const TABLES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  topics: {
    id: UUID,
    topic_name: text(200, 'required'),
    partitions: ['int4', null, 'required', '1'],
    retention_policy: text(50, 'required', "'7d'"),
    compression_type: text(20, 'optional', "'LZ4'"),
    schema_version: text(10),
    enabled: ['bool', null, 'required', 'true'],
    created_at: CREATED,
    updated_at: CREATED,
  },
  subscriptions: {
    id: UUID,
    subscription_id: text(100, 'required'),
    topic_name: text(200, 'required'),
    subscription_name: text(100, 'required'),
    subscription_type: text(20, 'required'),
    consumer_group: text(100),
    filters: ['json', null, 'optional', null],
    start_position: text(20, 'required', "'Latest'"),
    status: text(20, 'required', "'active'"),
    created_at: CREATED,
    last_activity: CREATED,
  },
  distribution_stats: {
    id: UUID,
    timestamp: ['timestamptz', null, 'required', null],
    topic_name: text(200, 'required'),
    messages_distributed: ['int8', null, 'required', '0'],
    bytes_distributed: ['int8', null, 'required', '0'],
    avg_latency_ms: ['float8', null, 'optional', null],
    error_count: ['int8', null, 'required', '0'],
    active_subscriptions: ['int4', null, 'required', '0'],
    created_at: CREATED,
  },
  routing_rules: {
    id: UUID,
    rule_name: text(100, 'required'),
    source_pattern: text(200, 'required'),
    target_topic: text(200, 'required'),
    routing_key_template: text(200),
    conditions: ['json', null, 'optional', null],
    priority: ['int4', null, 'required', '1'],
    enabled: ['bool', null, 'required', 'true'],
    created_at: CREATED,
  },
};

/** How the indexes and keys of the specification end, as PostgreSQL writes them. */
const DEFINITIONS = [
  /topics_topic_name_key ON \S+ USING btree \(topic_name\)/,
  /subscriptions_subscription_id_key ON \S+ USING btree \(subscription_id\)/,
  /INDEX idx_topics_enabled ON \S+ USING btree \(enabled\)/,
  /INDEX idx_subscriptions_topic_status ON \S+ USING btree \(topic_name, status\)/,
  /INDEX idx_distribution_stats_topic_time ON \S+ USING btree \(topic_name, "timestamp" DESC\)/,
  /INDEX idx_routing_rules_priority ON \S+ USING btree \(priority, enabled\)/,
];

describe.each(testDatabaseServers(process.env.TEST_DATABASE_URL))('the command side on $name', ({ open }) => {
  let server: TestDatabaseServer;
  let own: DataSource;
  beforeAll(async () => {
    server = await open();
    own = createDataSource({ url: await server.create(), owner: 'market-data' });
    await migrate(await own.initialize());
  }, 60_000);
  afterAll(async () => {
    await own.destroy();
    await server.stop();
  });

  it.each(Object.keys(TABLES))(
    'has every column of the specification in %s, with its default and limit',
    async (table) => {
      const columns = await own.query<
        { name: string; type: string; length: number | null; required: boolean; fallback: string | null }[]
      >(
        `SELECT column_name AS name, udt_name AS type, character_maximum_length AS length, is_nullable = 'NO' AS required,
              column_default AS fallback
         FROM information_schema.columns WHERE table_schema = 'market_data' AND table_name = $1`,
        [table],
      );
      const found = Object.fromEntries(
        columns.map(({ name, type, length, required, fallback }) => [
          name,
          [type, length, required ? 'required' : 'optional', fallback?.replace(/::.*$/, '') ?? null],
        ]),
      );
      expect(found).toMatchObject(TABLES[table]);
    },
  );

  it('has the indexes of the specification', async () => {
    const rows = await own.query<{ indexdef: string }[]>(
      `SELECT indexdef FROM pg_indexes WHERE schemaname = 'market_data'`,
    );
    const found = rows.map(({ indexdef }) => indexdef).join('\n');
    for (const definition of DEFINITIONS) expect(found).toMatch(definition);
  });

  it('refers from a subscription to its topic', async () => {
    const rows = await own.query<{ definition: string }[]>(
      `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE contype = 'f' AND conrelid = 'market_data.subscriptions'::regclass`,
    );
    expect(rows).toEqual([{ definition: 'FOREIGN KEY (named_topic) REFERENCES topics(topic_name)' }]);
  });
});
