import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { noMetrics } from '@distributary/distribution-core';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { AvroCodec, Schemas } from '@distributary/schema-registry';
import { RegistryServer } from '@distributary/schema-registry/testing';
import WebSocket from 'ws';
import { aCertificate } from './certificates.js';
import { subscribed } from './doors/door.js';
import { grpcClient, typedDoor } from './doors/grpc.js';
import { sseDoor } from './doors/server-sent-events.js';
import { webSocketDoor } from './doors/web-socket.js';
import { anAlert, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

/** Another program that writes to a topic of the same log: not ours, so not through our ingest. */
const WRITER = path.resolve(import.meta.dirname, '../../../libs/broker-embedded/src/testing/foreign-writer.mjs');
const ORDER = JSON.stringify({
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'amount', type: 'long' },
    { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 } },
    { name: 'note', type: ['null', 'string'], default: null },
  ],
});
const API = '/api/v1/monitoring';
/** Of the third schema that is registered. */
const UNKNOWN_ID = 3;

/** Of a frame of `distributary.v1.bin`, by docs/protocol.md. */
function eventsOf(bytes: Buffer): Buffer[] {
  const headBytes = bytes.readUInt32LE(4);
  const count = bytes.readUInt32LE(8);
  let at = 12 + headBytes + 4 * count;
  return Array.from({ length: count }, (_, index) => {
    const from = at;
    at += bytes.readUInt32LE(12 + headBytes + 4 * index) + 1;
    return bytes.subarray(from, at - 1);
  });
}

describe('topics that others write in Avro', () => {
  let folder: string;
  let server: RegistryServer;
  let app: TestApp;
  let codec: AvroCodec;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'distributary-e2e-avro-'));
    const tls = await aCertificate('registry');
    const caFile = path.join(folder, 'registry.pem');
    await writeFile(caFile, tls.cert);
    server = await RegistryServer.start({ tls: { key: tls.key, cert: tls.cert }, credentials: 'distributary:secret' });
    await server.registry.register('orders-value', ORDER);
    const schemas = new Schemas({ registry: server.registry, clock: new FakeClock(), metrics: noMetrics });
    codec = new AvroCodec({ schemas });
    app = await TestApp.start({
      EMBEDDED_DIR: path.join(folder, 'log'),
      SCHEMA_REGISTRY_URL: server.url,
      SCHEMA_REGISTRY_USER: 'distributary',
      SCHEMA_REGISTRY_PASSWORD: 'secret',
      SCHEMA_REGISTRY_CA_FILE: caFile,
    });
  }, 60_000);
  afterAll(async () => {
    await app.stop();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  const write = async (payloads: Readonly<Record<string, Uint8Array>>) => {
    const texts = Object.entries(payloads).map(([id, bytes]) => `${id}=${Buffer.from(bytes).toString('base64')}`);
    const args = [WRITER, path.join(folder, 'log'), 'orders', ...texts];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    expect(await once(child, 'exit')).toEqual([0, null]);
  };
  const order = async (id: string, amount: number): Promise<Uint8Array> => {
    const encoded = (await codec.encoderOf('orders-value'))?.encode({ id, amount, price: '12.50' });
    if (encoded?.kind !== 'encoded') throw new Error('not encoded');
    return encoded.bytes;
  };
  const letters = async () => {
    const { body } = await app.get(`${API}/dead-letters?topic=orders/placed`);
    return body.items as readonly { readonly event_id: string; readonly dead_letter_id: string }[];
  };

  it('are read once, by routers: rules look at the payload, and subscribers receive it as JSON', async () => {
    const theirs = {
      name: 'orders/placed',
      data_type: 'ORDERS',
      origin: 'external',
      broker_name: 'orders',
      payload_format: 'avro',
      payload_subject: 'orders-value',
    };
    const created = await app.post(`${API}/topics`, theirs);
    expect(created).toMatchObject({ status: 201, body: { payload_format: 'avro', payload_subject: 'orders-value' } });
    expect((await app.post(`${API}/topics`, { name: 'large/orders', data_type: 'ORDERS' })).status).toBe(201);
    const rule = {
      name: 'large ones',
      source_pattern: 'orders/placed',
      condition: 'data.amount > 100',
      target_topic: 'large/orders',
      transformation: { steps: [{ map: { 'data.total': { cel: 'data.amount * 2' } } }] },
    };
    expect((await app.post(`${API}/routing/rules`, rule)).status).toBe(201);
    const reader = await subscribed(sseDoor, app, { patterns: ['large/orders'] });
    // Until the router stands, what comes is the past.
    let rounds = 0;
    await until('routed', async () => {
      await write({ [`try${rounds++}`]: await order('try', 500) });
      return reader.record.received().length > 0;
    });
    await write({ small: await order('small', 7), large: await order('large', 5_000) });
    await until('the large one', () => idsOf(reader.record.received()).includes('large'));
    expect(idsOf(reader.record.received())).not.toContain('small');
    expect(reader.record.received().find(({ event_id: id }) => id === 'large')).toMatchObject({
      data_type: 'ORDERS',
      distribution: { topic: 'large/orders' },
      data: { id: 'large', amount: 5_000, price: '12.50', note: null, total: 10_000 },
    });
    await reader.close();
  }, 60_000);

  it('give dead letters with reason and origin where they cannot be read, and the others go on', async () => {
    const reader = await subscribed(sseDoor, app, { patterns: ['large/orders'] });
    const good = Buffer.from(await order('after', 900));
    const unknown = Buffer.from(good);
    unknown.writeUInt32BE(UNKNOWN_ID, 1);
    await write({
      unknown,
      short: good.subarray(0, 8),
      long: Buffer.concat([good, Buffer.of(1)]),
      plain: Buffer.from('{"amount":900}'),
      nothing: Buffer.alloc(0),
      after: good,
    });
    await until('what came after them', () => idsOf(reader.record.received()).includes('after'));
    expect(idsOf(reader.record.received())).toEqual(['after']);
    expect(await letters()).toMatchObject([
      {
        event_id: 'unknown',
        reason: 'schema_unknown',
        fault: 'service',
        attempts: 1,
        origin: { topic: 'orders/placed' },
      },
      { event_id: 'short', reason: 'payload_unreadable' },
      { event_id: 'long', reason: 'payload_unreadable' },
      { event_id: 'plain', reason: 'payload_unreadable' },
      { event_id: 'nothing', reason: 'payload_unreadable' },
    ]);
    const { dead_letter_id: id } = (await letters())[0];
    const letter = await app.get(`${API}/dead-letters/${id}`);
    expect(letter.body).toMatchObject({ event: { data_base64: unknown.toString('base64') } });
    await reader.close();
  }, 60_000);

  it('wait while the registry is away, and lose nothing', async () => {
    const reader = await subscribed(sseDoor, app, { patterns: ['large/orders'] });
    const text = ORDER.replace('"Order"', '"Order","doc":"the second"');
    const id = await server.registry.register('orders-value', text);
    server.disturbance = () => 503;
    const held = Buffer.from(await order('held', 900));
    held.writeUInt32BE(id, 1);
    server.requests.length = 0;
    await write({ held });
    await until('the router has asked in vain', () => server.requests.length >= 3);
    expect(reader.record.received()).toEqual([]);
    server.disturbance = undefined;
    await until('what was held', () => idsOf(reader.record.received()).includes('held'));
    expect((await letters()).map(({ event_id: each }) => each)).not.toContain('held');
    await reader.close();
  }, 60_000);

  it('are read when they are replayed, once their schema is there', async () => {
    const reader = await subscribed(sseDoor, app, { patterns: ['large/orders'] });
    const text = ORDER.replace('"Order"', '"Order","doc":"the third"');
    expect(await server.registry.register('orders-value', text)).toBe(UNKNOWN_ID);
    const [{ dead_letter_id: id, event_id: eventId }] = await letters();
    expect(eventId).toBe('unknown');
    // That there was no such schema is remembered for a while, and then the letter is buried again.
    const replay = async () => {
      const waiting = (await letters()).filter(({ event_id: each }) => each.startsWith('unknown'));
      for (const letter of waiting)
        await app.post(`${API}/dead-letters/${letter.dead_letter_id}/replay`, { target: 'topic' });
    };
    await replay();
    const isRead = () => idsOf(reader.record.received()).some((each) => each.startsWith(`unknown~${id}`));
    await until('it to be read', async () => isRead() || (await replay().then(isRead)), 20_000);
    await reader.close();
  }, 60_000);

  it('can be asked for only where they make sense', async () => {
    const topic = { name: 'ours', data_type: 'ORDERS' };
    expect(await app.post(`${API}/topics`, { ...topic, payload_format: 'avro' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'payload_format', rule: 'must not be given but for an external topic' }] },
    });
    expect(await app.post(`${API}/topics`, { ...topic, origin: 'external', payload_subject: 'x' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'payload_subject', rule: 'must not be given but with payload_format avro' }] },
    });
  });
});

describe('events that go out in Avro', () => {
  const ALERT = JSON.stringify({
    type: 'record',
    name: 'Alert',
    namespace: 'monitoring',
    fields: [
      { name: 'event_id', type: 'string' },
      { name: 'timestamp', type: { type: 'long', logicalType: 'timestamp-micros' } },
      { name: 'service', type: 'string' },
      { name: 'value', type: ['null', 'double'] },
    ],
  });
  const transformation = {
    steps: [{ map: { service: { from: 'data.service_name' }, value: { from: 'data.current_value' } } }],
    format: 'avro',
    subject: 'alerts-value',
  };
  let server: RegistryServer;
  let app: TestApp;
  let codec: AvroCodec;

  beforeAll(async () => {
    server = await RegistryServer.start();
    await server.registry.register('alerts-value', ALERT);
    codec = new AvroCodec({
      schemas: new Schemas({ registry: server.registry, clock: new FakeClock(), metrics: noMetrics }),
    });
    app = await TestApp.start({ SCHEMA_REGISTRY_URL: server.url });
  }, 60_000);
  afterAll(async () => {
    await app.stop();
    await server.stop();
  }, 60_000);

  const decoded = async (values: readonly Uint8Array[]) =>
    (await codec.decode(values, 'alerts-value')).map((one) => (one.kind === 'decoded' ? one.value : one));

  it('are bytes by the schema over WebSocket and gRPC, and the same bytes at both', async () => {
    const service = aService();
    const subscription = { id: 's', patterns: ['monitoring/alerts/#'], transformation };
    const overWebSocket: Uint8Array[] = [];
    const socket = new WebSocket(app.streamUrl.replace('http', 'ws'), 'distributary.v1.bin');
    let subscriptions = 0;
    socket.on('message', (bytes: Buffer, isBinary: boolean) => {
      if (isBinary) overWebSocket.push(...eventsOf(bytes));
      else if ((JSON.parse(bytes.toString()) as { readonly type: string }).type === 'subscribed') subscriptions++;
    });
    await once(socket, 'open');
    const overGrpc: Uint8Array[] = [];
    const grpc = grpcClient(app);
    const call = grpc.Exchange();
    call.on('error', () => undefined);
    call.on('data', (message: { readonly payload?: string; readonly data?: { readonly events: Uint8Array[] } }) => {
      if (message.payload === 'subscribed') subscriptions++;
      overGrpc.push(...(message.data?.events ?? []));
    });
    call.write({ subscribe: { ...subscription, transformation: JSON.stringify(transformation) } });
    socket.send(JSON.stringify({ type: 'subscribe', payload: subscription }));
    await until('both to be subscribed', () => subscriptions === 2);
    const alert = anAlert(service);
    await app.publish(alert);
    await until('both to have it', () => overGrpc.length > 0 && overWebSocket.length > 0);
    call.cancel();
    grpc.close();
    socket.close();
    await once(socket, 'close');
    expect(Buffer.from(overGrpc[0])).toEqual(Buffer.from(overWebSocket[0]));
    const [event] = await decoded(overWebSocket);
    expect(event).toEqual({
      event_id: alert.event_id,
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      service,
      value: 5,
    });
  }, 30_000);

  it.each([webSocketDoor, sseDoor, typedDoor])('are refused over $name, which carries text', async (door) => {
    const stream = await door.open(app, { patterns: ['monitoring/alerts/#'], transformation });
    const refused = await until('the refusal', () => stream.record.of('error')[0] ?? stream.record.end);
    expect(JSON.stringify(refused)).toMatch(/request\.invalid|transformation\.format/);
    await stream.close();
  });

  it('can be tried out, and a subject that is not there is named', async () => {
    const event = { event_id: 'e', timestamp: '2026-11-21T10:00:00Z', data: { service_name: 'a' }, metadata: {} };
    const tried = await app.post(`${API}/transformations/test`, { transformation, event });
    const { data_base64: text } = (tried.body as { readonly event: { readonly data_base64: string } }).event;
    expect(await decoded([Buffer.from(text, 'base64')])).toEqual([
      { event_id: 'e', timestamp: '2026-11-21T10:00:00.000Z', service: 'a', value: null },
    ]);
    const other = { ...transformation, subject: 'nobody' };
    expect(await app.post(`${API}/transformations`, { name: 'avro', definition: other })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'definition.subject' }] },
    });
    expect((await app.post(`${API}/transformations`, { name: 'avro', definition: transformation })).status).toBe(201);
  });
});
