import { brokerNameOf, type NewTopic } from '@distributary/distribution-core';
import {
  aDurableSubscription,
  aRule,
  aTopic,
  describeRoutingRuleStoreContract,
  describeSubscriptionStoreContract,
  describeTopicCatalogContract,
  FakeClock,
  until,
} from '@distributary/distribution-core/testing';
import {
  createDataSource,
  migrate,
  PostgresCursorStore,
  PostgresRoutingRuleStore,
  PostgresSubscriptionStore,
  PostgresTopicCatalog,
} from '@distributary/persistence';
import { type TestDatabaseServer, testDatabaseServers } from '@distributary/persistence/testing';
import type { DataSource } from 'typeorm';
import { MarketDataTopicEntity } from '../topics/market-data-topic.entity.js';
import { MARKET_DATA_SUBSCRIPTIONS, MarketDataSubscriptionEntity } from './market-data-subscription.entity.js';

const topicNamed = (name: string): NewTopic => aTopic(name, { brokerName: brokerNameOf(name) });

describe.each(testDatabaseServers(process.env.TEST_DATABASE_URL))('on $name', ({ open }) => {
  let server: TestDatabaseServer;
  let own: DataSource;
  let shared: DataSource;
  beforeAll(async () => {
    server = await open();
    const url = await server.create();
    own = createDataSource({
      url,
      owner: 'market-data',
      entities: [MarketDataTopicEntity, MarketDataSubscriptionEntity],
    });
    shared = createDataSource({ url, owner: 'distribution' });
    for (const dataSource of [own, shared]) await migrate(await dataSource.initialize());
  }, 60_000);
  afterAll(async () => {
    await Promise.all([own.destroy(), shared.destroy()]);
    await server.stop();
  });

  async function emptyCatalog(): Promise<PostgresTopicCatalog> {
    await own.query('TRUNCATE topics, subscriptions');
    return new PostgresTopicCatalog(own, MarketDataTopicEntity);
  }
  async function emptyStore(...topics: string[]) {
    const catalog = await emptyCatalog();
    for (const name of topics) await catalog.create(topicNamed(name));
    await shared.query('TRUNCATE subscription_cursors, subscription_ownership');
    const cursors = new PostgresCursorStore(shared);
    return { catalog, cursors, store: new PostgresSubscriptionStore(own, MARKET_DATA_SUBSCRIPTIONS, cursors) };
  }

  describeTopicCatalogContract('the catalog in topics', emptyCatalog);
  describeSubscriptionStoreContract('the store in subscriptions', () => emptyStore('a/b'));
  describeRoutingRuleStoreContract('the store in routing_rules', async () => {
    await own.query('TRUNCATE routing_rules');
    return new PostgresRoutingRuleStore(own, new FakeClock());
  });

  describe('a topic', () => {
    it('is what somebody inserts with the columns of the specification alone, by whatever search path', async () => {
      const catalog = await emptyCatalog();
      const before = await catalog.version();
      for (const name of ['market-data/tëam_1/x-y', '@acme/a/b']) {
        await shared.query('INSERT INTO market_data.topics (topic_name) VALUES ($1)', [name]);
      }
      const [ofTenant, plain] = await catalog.list();
      expect(plain).toMatchObject({
        name: 'market-data/tëam_1/x-y',
        tenant: 'default',
        brokerName: brokerNameOf('market-data/tëam_1/x-y'),
        partitions: 1,
        retentionPolicy: '7d',
        enabled: true,
        origin: 'ingested',
        conflationKey: 'none',
        catalogVersion: before + 1,
      });
      expect(ofTenant).toMatchObject({ tenant: 'acme', brokerName: brokerNameOf('a/b', 'acme') });
    });

    it('says when it was changed', async () => {
      const catalog = await emptyCatalog();
      await catalog.create(topicNamed('a'));
      const updatedAt = async () =>
        (await own.query<{ updated_at: Date }[]>('SELECT updated_at FROM topics'))[0].updated_at;
      const before = await updatedAt();
      await until('it is later', async () => {
        await catalog.change('a', { priority: (await catalog.find('a'))?.priority === 1 ? 2 : 1 });
        return (await updatedAt()) > before;
      });
    });

    it('is not deleted while a subscription names it', async () => {
      const { catalog, store } = await emptyStore('a/b');
      await store.create(aDurableSubscription({ topicPatterns: ['a/b'] }));
      await expect(catalog.delete('a/b')).rejects.toMatchObject({ code: 'topic.in_use' });
      await store.delete('billing');
      await catalog.delete('a/b');
      expect(await catalog.list()).toEqual([]);
    });
  });

  describe('a subscription', () => {
    it('is to a topic that there is, or to a pattern over topics that may come', async () => {
      const { store } = await emptyStore('a/b');
      const missing = aDurableSubscription({ topicPatterns: ['a/c'] });
      await expect(store.create(missing)).rejects.toMatchObject({ code: 'topic.not_found' });
      await store.create(aDurableSubscription({ topicPatterns: ['later/+'] }));
      await expect(store.change('billing', { topicPatterns: ['a/c'] })).rejects.toMatchObject({
        code: 'topic.not_found',
      });
      await store.change('billing', { topicPatterns: ['a/b'] });
    });

    it('is written in the words of the specification', async () => {
      const { store } = await emptyStore('a/b');
      const written = async () =>
        own.query<unknown[]>(
          `SELECT subscription_id, subscription_name, subscription_type, consumer_group, start_position, status, topic_name
             FROM subscriptions ORDER BY subscription_id`,
        );
      await store.create(
        aDurableSubscription({
          subscriptionId: '@acme/risk',
          tenant: 'acme',
          type: 'key_shared',
          start: 'position',
          topicPatterns: ['a/b'],
        }),
      );
      expect(await written()).toEqual([
        {
          subscription_id: '@acme/risk',
          subscription_name: 'risk',
          subscription_type: 'KeyShared',
          consumer_group: 'billing-service',
          start_position: 'MessageId',
          status: 'active',
          topic_name: 'a/b',
        },
      ]);
    });

    it('is what somebody inserts with the columns of the specification alone', async () => {
      const { store } = await emptyStore('a/b');
      const insert = `INSERT INTO market_data.subscriptions
        (subscription_id, topic_name, subscription_name, subscription_type, status, start_position)
        VALUES ($1, 'a/b', 'x', $2, $3, 'Earliest')`;
      await shared.query(insert, ['x', 'Failover', 'active']);
      await shared.query(insert, ['@acme/x', 'Shared', 'stopped']);
      expect(await store.find('x')).toMatchObject({
        tenant: 'default',
        subscriberService: 'x',
        topicPatterns: ['a/b'],
        keyPatterns: [],
        filter: undefined,
        type: 'failover',
        deliveryGuarantee: 'at_least_once',
        slowPolicy: 'block',
        status: 'active',
        start: 'earliest',
      });
      expect(await store.find('@acme/x')).toMatchObject({ tenant: 'acme', type: 'shared', status: 'stopped' });
      // Changing something else does not make another one of it.
      await store.change('@acme/x', { slowPolicy: 'disconnect' });
      const rows = await own.query<unknown[]>(`SELECT status FROM subscriptions WHERE subscription_id = '@acme/x'`);
      expect(rows).toEqual([{ status: 'stopped' }]);
    });

    it.each([
      ['subscription_type', 'exclusive'],
      ['start_position', 'latest'],
      ['status', 'broken'],
    ])('cannot have a %s of %s', async (column, value) => {
      await emptyStore('a/b');
      const columns = { subscription_type: 'Shared', start_position: 'Latest', status: 'active', [column]: value };
      await expect(
        own.query(
          `INSERT INTO subscriptions (subscription_id, topic_name, subscription_name, subscription_type, start_position, status)
           VALUES ('x', 'a/b', 'x', $1, $2, $3)`,
          [columns.subscription_type, columns.start_position, columns.status],
        ),
      ).rejects.toThrow('check constraint');
    });
  });

  it('a rule that somebody writes with the columns of the specification alone is told to who watches', async () => {
    await own.query('TRUNCATE routing_rules');
    const store = new PostgresRoutingRuleStore(own, new FakeClock());
    let told = 0;
    const leave = await store.watch(() => told++);
    const before = await store.version();
    await shared.query(
      `INSERT INTO market_data.routing_rules (rule_name, source_pattern, target_topic) VALUES ('r', 'a/#', 'b')`,
    );
    await until('told', () => told > 0);
    const { version, rules } = await store.list();
    expect(version).toBe(before + 1);
    expect(rules).toEqual([
      aRule({
        id: rules[0].id,
        name: 'r',
        sourcePattern: 'a/#',
        targetTopic: 'b',
        createdAtMicros: rules[0].createdAtMicros,
      }),
    ]);
    await leave();
  });

  it.each([MarketDataTopicEntity, MarketDataSubscriptionEntity])(
    '%p has the columns that the migrations made',
    async (entity) => {
      const { tableName, columns } = own.getMetadata(entity);
      const found = await own.query<{ name: string; type: string; length: number | null }[]>(
        `SELECT column_name AS name, data_type AS type, character_maximum_length AS length
         FROM information_schema.columns WHERE table_schema = 'market_data' AND table_name = $1 ORDER BY 1`,
        [tableName],
      );
      const type = (column: { type: unknown }) => own.driver.normalizeType(column as { type: string });
      const mapped = columns.map((column) => ({
        name: column.databaseName,
        type: type(column),
        length: column.length === '' ? null : Number(column.length),
      }));
      expect(found).toEqual(expect.arrayContaining(mapped));
      expect(found.map(({ name }) => name).filter((name) => !mapped.some((one) => one.name === name))).toEqual(
        // What the database computes.
        tableName === 'topics' ? [] : ['named_topic'],
      );
    },
  );
});
