import { brokerNameOf } from '@distributary/distribution-core';
import {
  aDurableSubscription,
  describeSubscriptionStoreContract,
  describeTopicCatalogContract,
} from '@distributary/distribution-core/testing';
import {
  createDataSource,
  migrate,
  PostgresCursorStore,
  PostgresSubscriptionStore,
  PostgresTopicCatalog,
} from '@distributary/persistence';
import { type TestDatabaseServer, testDatabaseServers } from '@distributary/persistence/testing';
import type { DataSource } from 'typeorm';
import { MonitoringSubscriptionEntity } from '../subscriptions/monitoring-subscription.entity.js';
import { MonitoringTopicEntity } from '../topics/monitoring-topic.entity.js';

describe.each(testDatabaseServers(process.env.TEST_DATABASE_URL))('on $name', ({ open }) => {
  let server: TestDatabaseServer;
  let own: DataSource;
  let shared: DataSource;
  beforeAll(async () => {
    server = await open();
    const url = await server.create();
    own = createDataSource({
      url,
      owner: 'monitoring',
      entities: [MonitoringTopicEntity, MonitoringSubscriptionEntity],
    });
    shared = createDataSource({ url, owner: 'distribution' });
    for (const dataSource of [own, shared]) await migrate(await dataSource.initialize());
  }, 60_000);
  afterAll(async () => {
    await Promise.all([own.destroy(), shared.destroy()]);
    await server.stop();
  });

  describeTopicCatalogContract('PostgresTopicCatalog', async () => {
    await own.query('DELETE FROM monitoring_topics');
    return new PostgresTopicCatalog(own, MonitoringTopicEntity);
  });

  describeSubscriptionStoreContract('PostgresSubscriptionStore', async () => {
    await own.query('DELETE FROM monitoring_subscriptions');
    await shared.query('TRUNCATE subscription_cursors, subscription_ownership');
    const cursors = new PostgresCursorStore(shared);
    return { store: new PostgresSubscriptionStore(own, { entity: MonitoringSubscriptionEntity }, cursors), cursors };
  });

  it('takes rows that somebody inserts with the columns of the specification alone', async () => {
    await own.query('DELETE FROM monitoring_topics');
    const catalog = new PostgresTopicCatalog(own, MonitoringTopicEntity);
    const before = await catalog.version();
    const insert = `INSERT INTO monitoring_topics (topic_name, data_type) VALUES ($1, 'ALERTS')`;
    for (const name of ['monitoring/tëam_1/x-y', '@acme/a/b']) await own.query(insert, [name]);
    const [ofTenant, plain] = await catalog.list();
    expect(plain).toMatchObject({
      name: 'monitoring/tëam_1/x-y',
      tenant: 'default',
      brokerName: brokerNameOf('monitoring/tëam_1/x-y'),
      partitions: 1,
      retentionPolicy: '7d',
      enabled: true,
      origin: 'ingested',
      conflationKey: 'none',
      catalogVersion: before + 1,
    });
    expect(ofTenant).toMatchObject({ tenant: 'acme', brokerName: brokerNameOf('a/b', 'acme') });
    expect(await catalog.version()).toBe(before + 2);
  });

  it('says that a value is wrong, not that the database is down, when a column cannot hold it', async () => {
    const subscriptions = new PostgresSubscriptionStore(
      own,
      { entity: MonitoringSubscriptionEntity },
      new PostgresCursorStore(shared),
    );
    const tooLong = aDurableSubscription({ subscriptionId: 'x'.repeat(101) });
    await expect(subscriptions.create(tooLong)).rejects.toMatchObject({ code: 'request.invalid', retryable: false });
  });

  it('leaves no difference between the entities and the migrated tables', async () => {
    const { upQueries } = await own.driver.createSchemaBuilder().log();
    const changes = upQueries
      .map(({ query }) => query)
      .filter((query) => /monitoring_(topics|subscriptions)/.test(query));
    // Constraints and indexes are named by the migrations; columns and types must agree.
    expect(
      changes.filter(
        (query) => /(ADD|DROP|ALTER) COLUMN|"?\w+"? TYPE/.test(query) && !/SET|DROP DEFAULT|DROP NOT NULL/.test(query),
      ),
    ).toEqual([]);
  });
});
