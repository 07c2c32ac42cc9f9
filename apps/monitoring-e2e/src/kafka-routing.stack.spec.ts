import { Kafka, logLevel, type Producer } from 'kafkajs';
import { until } from '@distributary/distribution-core/testing';
import { type TestDatabaseServer, testDatabaseServers } from '@distributary/persistence/testing';
import { type RunningServer, startKafka } from '../../../tools/stack/src/index.js';
import { subscribed } from './doors/door.js';
import { sseDoor } from './doors/server-sent-events.js';
import { TestApp } from './harness.js';

const API = '/api/v1/monitoring';
const LANES = 4;
const PREFIX = 'routed.';

/*
 *   others ──▶ Kafka: orders, 4 lanes ──▶ 2 routers ──▶ Kafka: routed/orders ──▶ gateway ──▶ stream
 *                                         (one group)
 */
describe('a topic of Kafka that others write, and two routers', () => {
  let kafka: RunningServer;
  let database: TestDatabaseServer;
  let producer: Producer;
  let door: TestApp;
  const routers: TestApp[] = [];
  beforeAll(async () => {
    kafka = await startKafka();
    database = await testDatabaseServers(undefined)[0].open();
    const env = {
      DATABASE_URL: await database.create(),
      KAFKA_BROKERS: kafka.url,
      KAFKA_TOPIC_PREFIX: PREFIX,
    };
    door = await TestApp.start({ ...env, ROLES: 'api,gateway' });
    for (let count = 0; count < 2; count++) routers.push(await TestApp.start({ ...env, ROLES: 'router' }));
    producer = new Kafka({ brokers: [kafka.url], logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
  }, 240_000);
  afterAll(async () => {
    await producer.disconnect();
    for (const app of [...routers, door]) await app.stop();
    await database.stop();
    await kafka.stop();
  }, 90_000);

  const routedBy = async (app: TestApp): Promise<number> => {
    const { text } = (await app.get('/metrics')).body as { text: string };
    return Number(/^router_events_total(?:\{[^}]*\})? (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  const write = async (name: string, count: number): Promise<string[]> => {
    const orders = Array.from({ length: count }, (_, index) => `${name}-${index}`);
    await producer.send({
      topic: `${PREFIX}orders`,
      messages: orders.map((order, index) => ({
        key: `k${index}`,
        value: JSON.stringify({ data: { order } }),
        partition: index % LANES,
      })),
    });
    return orders;
  };
  const ordersOf = (events: readonly object[]): string[] =>
    events.map((event) => (event as { data: { order: string } }).data.order);

  it('is routed by both, each event once, and by the other alone when one is gone', async () => {
    const theirs = { name: 'orders/placed', data_type: 'ORDERS', origin: 'external', broker_name: 'orders' };
    expect((await door.post(`${API}/topics`, { ...theirs, partitions: LANES })).status).toBe(201);
    expect((await door.post(`${API}/topics`, { name: 'routed/orders', data_type: 'ORDERS' })).status).toBe(201);
    const rule = { name: 'orders', source_pattern: 'orders/#', target_topic: 'routed/orders' };
    expect((await door.post(`${API}/routing/rules`, rule)).status).toBe(201);
    const reader = await subscribed(sseDoor, door, { patterns: ['routed/orders'] });
    // Until the routers stand, what comes is the past.
    let rounds = 0;
    await until(
      'both to route',
      async () => {
        await write(`try${rounds++}`, LANES);
        return (await Promise.all(routers.map(routedBy))).every((events) => events > 0);
      },
      60_000,
    );
    const written = await write('shared', 200);
    const arrived = (name: string) => ordersOf(reader.record.received()).filter((order) => order.startsWith(name));
    await until('all of it', () => new Set(arrived('shared')).size === written.length, 30_000);
    expect(arrived('shared').sort()).toEqual([...written].sort());

    await routers[0].drain();
    const later = await write('later', 200);
    await until('all of it', () => new Set(arrived('later')).size === later.length, 30_000);
    expect(arrived('later').sort()).toEqual([...later].sort());
    await reader.close();
  }, 180_000);
});
