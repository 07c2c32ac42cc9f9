import { aRule, describeRoutingRuleStoreContract, FakeClock, until } from '@distributary/distribution-core/testing';
import { createDataSource } from './data-source.js';
import { PostgresRoutingRuleStore } from './postgres-routing-rule-store.js';
import { describeOnDatabases } from './testing/describe-on-databases.js';

describeOnDatabases((database) => {
  describeRoutingRuleStoreContract('PostgresRoutingRuleStore', async () => {
    await database.dataSource.query('TRUNCATE routing_rules');
    return new PostgresRoutingRuleStore(database.dataSource, new FakeClock());
  });

  it('listens again after its connection broke, and says that something may have been missed', async () => {
    const clock = new FakeClock();
    const store = new PostgresRoutingRuleStore(database.dataSource, clock);
    let told = 0;
    const leave = await store.watch(() => told++);
    await database.dataSource.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`,
    );
    await until('the loss is noticed', () => clock.pendingAlarms > 0);
    clock.advance(1_000);
    await until('connected again', () => told === 1);
    await store.change(
      [{ kind: 'create', rule: aRule({ id: '00000000-0000-4000-8000-000000000099' }) }],
      () => undefined,
    );
    await until('told', () => told === 2);
    await leave();
    expect(clock.pendingAlarms).toBe(0);
  });

  it('keeps trying while there is no database, and can be stopped', async () => {
    const clock = new FakeClock();
    const nowhere = createDataSource({ url: 'postgres://a:b@127.0.0.1:1/x', owner: 'distribution' });
    const leave = await new PostgresRoutingRuleStore(nowhere, clock).watch(() => undefined);
    expect(clock.pendingAlarms).toBe(1);
    clock.advance(1_000);
    await until('tried again', () => clock.pendingAlarms === 1);
    await leave();
    expect(clock.pendingAlarms).toBe(0);
  });

  it('has the columns, defaults and limits of the specification', async () => {
    const columns = await database.dataSource.query<
      { name: string; type: string; length: number | null; fallback: string }[]
    >(
      `SELECT column_name AS name, data_type AS type, character_maximum_length AS length, column_default AS fallback
         FROM information_schema.columns WHERE table_schema = 'distribution' AND table_name = 'routing_rules'`,
    );
    const found = Object.fromEntries(
      columns.map(({ name, type, length, fallback }) => [name, [type, length, fallback?.replace(/::.*$/, '') ?? null]]),
    );
    expect(found).toMatchObject({
      id: ['uuid', null, 'gen_random_uuid()'],
      rule_name: ['character varying', 100, null],
      source_pattern: ['character varying', 200, null],
      target_topic: ['character varying', 200, null],
      routing_key_template: ['character varying', 200, null],
      conditions: ['json', null, null],
      priority: ['integer', null, '1'],
      enabled: ['boolean', null, 'true'],
      created_at: ['timestamp with time zone', null, 'now()'],
    });
  });
});
