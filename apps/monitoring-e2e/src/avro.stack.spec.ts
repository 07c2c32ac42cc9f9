import { noMetrics } from '@distributary/distribution-core';
import { until } from '@distributary/distribution-core/testing';
import { SystemClock, SystemIds } from '@distributary/distribution-nest';
import { AvroCodec, RegistryClient, Schemas } from '@distributary/schema-registry';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { type RunningServer, startKafka, startSchemaRegistry } from '../../../tools/stack/src/index.js';
import { subscribed } from './doors/door.js';
import { sseDoor } from './doors/server-sent-events.js';
import { TestApp } from './harness.js';

/*
 *  another producer ──▶ topic `orders` of a real Kafka ──▶ router ──▶ `large/orders` ──▶ subscriber
 *        └── schema ──▶ a real registry (Apicurio) ──▶ router
 */
const API = '/api/v1/monitoring';
const PREFIX = 'avro.';
const ORDER = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'amount', type: 'long' },
    { name: 'placed', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
};

describe('Avro that another program writes to Kafka', () => {
  const servers: RunningServer[] = [];
  let app: TestApp;
  let theirs: Producer;
  let registry: RegistryClient;
  let codec: AvroCodec;

  beforeAll(async () => {
    // One after the other: what started must be stopped even if the next one does not.
    const { url } = await started(startSchemaRegistry());
    const kafka = await started(startKafka());
    const clock = new SystemClock();
    registry = new RegistryClient({ url, clock, ids: new SystemIds(), metrics: noMetrics });
    codec = new AvroCodec({ schemas: new Schemas({ registry, clock, metrics: noMetrics }) });
    await registry.register('orders-value', JSON.stringify(ORDER));
    theirs = new Kafka({ brokers: [kafka.url], logLevel: logLevel.NOTHING }).producer();
    await theirs.connect();
    app = await TestApp.start({ KAFKA_BROKERS: kafka.url, KAFKA_TOPIC_PREFIX: PREFIX, SCHEMA_REGISTRY_URL: url });
  }, 240_000);
  afterAll(async () => {
    await app?.stop();
    await theirs?.disconnect();
    await registry?.close();
    for (const server of servers) await server.stop();
  }, 120_000);

  const started = async (starting: Promise<RunningServer>): Promise<RunningServer> => {
    const server = await starting;
    servers.push(server);
    return server;
  };
  const order = async (amount: number): Promise<Buffer> => {
    const encoded = (await codec.encoderOf('orders-value'))?.encode({ amount, placed: '2026-11-21T10:00:00.000Z' });
    if (encoded?.kind !== 'encoded') throw new Error('not encoded');
    return Buffer.from(encoded.bytes);
  };

  it('is routed by what it says, and what cannot be read is a dead letter', async () => {
    const created = await app.post(`${API}/topics`, {
      name: 'orders/placed',
      data_type: 'ORDERS',
      origin: 'external',
      payload_format: 'avro',
      payload_subject: 'orders-value',
    });
    expect(created.status).toBe(201);
    expect((await app.post(`${API}/topics`, { name: 'large/orders', data_type: 'ORDERS' })).status).toBe(201);
    const rule = {
      name: 'large ones',
      source_pattern: 'orders/placed',
      condition: 'data.amount > 100',
      target_topic: 'large/orders',
    };
    expect((await app.post(`${API}/routing/rules`, rule)).status).toBe(201);
    const topic = `${PREFIX}${created.body.broker_name as string}`;
    const write = (...values: readonly (Buffer | null)[]) =>
      theirs.send({ topic, messages: values.map((value) => ({ key: 'shop.1', value })) });
    const reader = await subscribed(sseDoor, app, { patterns: ['large/orders'] });
    const amounts = () => reader.record.received().map(({ data }) => data.amount);
    // Until the router stands, what comes is the past.
    await until(
      'routed',
      async () => {
        await write(await order(500));
        return amounts().length > 0;
      },
      30_000,
    );
    const unknown = await order(600);
    unknown.writeUInt32BE(1_999_999_999, 1);
    await write(
      await order(7),
      unknown,
      (await order(700)).subarray(0, 6),
      Buffer.from('no Avro'),
      null,
      await order(900),
    );
    await until('what came after them', () => amounts().includes(900), 30_000);
    expect(amounts().filter((amount) => amount !== 500)).toEqual([900]);
    expect(reader.record.received().at(-1)).toMatchObject({
      data_type: 'ORDERS',
      distribution: { topic: 'large/orders', routing_key: 'shop.1' },
      data: { amount: 900, placed: '2026-11-21T10:00:00.000Z' },
    });
    const letters = await app.get(`${API}/dead-letters?topic=orders/placed`);
    expect((letters.body.items as readonly { readonly reason: string }[]).map(({ reason }) => reason)).toEqual([
      'schema_unknown',
      'payload_unreadable',
      'payload_unreadable',
    ]);
    await reader.close();
  }, 120_000);
});
