import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { MANAGEMENT_PROTOS, MARKET_DATA_PROTO, PROTO_LOADING } from '@distributary/contracts';
import { until } from '@distributary/distribution-core/testing';
import {
  ask,
  type Fields,
  grpcClientOf,
  metadataOf,
  NO_QUOTA,
  subscribed,
  webSocketDoor,
} from '@distributary/distribution-service/testing';
import { loadSync } from '@grpc/proto-loader';
import { protoPath as HEALTH_PROTO } from 'grpc-health-check';
import { aSymbol, aTrade } from './events.js';
import { writeForeign } from './foreign-writer.js';
import type { TestApp } from './harness.js';
import { startSecured } from './secured.js';

const API = '/api/v1/market-data';
const TRADES = 'market-data/normalized/equities';
const definition = loadSync([MARKET_DATA_PROTO, ...MANAGEMENT_PROTOS], { ...PROTO_LOADING, defaults: true });
const REFLECTION_FILES = path.join(
  path.dirname(createRequire(import.meta.url).resolve('@grpc/reflection/package.json')),
  'build/proto/grpc/reflection',
);

/** What all services have beside their own: its parts are tested in depth where they are, here that market data has them whole. */
describe('the administration of market data', () => {
  let folder: string;
  let app: TestApp;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'distributary-market-administration-'));
    app = await startSecured({ EMBEDDED_DIR: folder });
  }, 60_000);
  afterAll(async () => {
    await app.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete';
  const done = async (verb: Verb, place: string, body?: object): Promise<Fields> => {
    const pathname = place.startsWith('/') ? place : `${API}/${place}`;
    const answer =
      verb === 'get' || verb === 'delete' ? await app[verb](pathname) : await app[verb](pathname, body ?? {});
    if (answer.status >= 300) throw new Error(`${verb} ${place}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const manager = (service: string) => {
    const client = grpcClientOf(app, `distributary.management.v1.${service}Manager`, definition);
    return { client, call: (method: string, request: Fields = {}) => ask(app, client, method, request) };
  };
  /** So many dead letters of a topic that others write. */
  const letters = async (count: number): Promise<{ readonly topic: string; readonly ids: readonly string[] }> => {
    const topic = `theirs/${randomUUID()}`;
    const brokerName = topic.replace('/', '-');
    const external = { origin: 'external', broker_name: brokerName, payload_format: 'json' };
    await done('post', 'topics', { name: topic, data_type: 'TRADE', ...external });
    await done('post', 'routing/rules', { name: brokerName, source_pattern: topic, target_topic: TRADES });
    const found = async () => (await done('get', `dead-letters?topic=${topic}`)).items as Fields[];
    // Until the router stands, what comes is the past.
    await until('the router', async () => {
      await writeForeign(folder, brokerName, ['{}']);
      return (await found()).length > 0;
    });
    await writeForeign(
      folder,
      brokerName,
      Array.from({ length: count }, () => '{}'),
    );
    await until('the letters', async () => (await found()).length > count);
    return { topic, ids: (await found()).map(({ dead_letter_id: id }) => String(id)) };
  };

  it('has topics, subscriptions and the figures of both over REST', async () => {
    const [name, id] = [`teams/${randomUUID()}`, randomUUID()];
    const place = `topics/${encodeURIComponent(name)}`;
    await done('post', 'topics', { name, data_type: 'TRADE' });
    expect(await done('patch', place, { priority: 2 })).toMatchObject({ priority: 2 });
    expect((await done('get', 'topics')).items).not.toHaveLength(0);
    await done('get', place);
    await done('get', `${place}/stats`);
    await done('post', 'subscriptions', { subscription_id: id, patterns: [name] });
    await done('patch', `subscriptions/${id}`, { max_attempts: 3 });
    for (const part of ['', '/health', '/stats']) await done('get', `subscriptions/${id}${part}`);
    await done('post', `subscriptions/${id}/pause`);
    await done('post', `subscriptions/${id}/resume`);
    await done('post', `subscriptions/${id}/seek`, { start: 'earliest' });
    const reader = await subscribed(webSocketDoor, app, { name: id, patterns: [name] });
    const { generation, positions } = reader.record.of('subscribed')[0];
    await done('post', `subscriptions/${id}/ack`, { generation, positions });
    await reader.close();
    await done('delete', `subscriptions/${id}`);
    await done('delete', place);
    for (const part of [
      '',
      '/api',
      '/cache',
      '/lanes',
      '/performance',
      '/sla',
      '/subscriptions',
      '/tenants',
      '/topics',
    ]) {
      await done('get', `stats${part}`);
    }
    await done('get', `stats/topics/${encodeURIComponent(TRADES)}`);
    for (const part of ['/health/live', '/health/ready', '/metrics', '/api/asyncapi.json']) await done('get', part);
  });

  it('has rules, transformations, look-up tables, keys, quotas and the audit log over REST', async () => {
    const name = randomUUID();
    const rule = { name, source_pattern: TRADES, target_topic: 'market-data/normalized/crypto', enabled: false };
    const { id } = await done('post', 'routing/rules', rule);
    await done('get', 'routing/rules');
    await done('get', `routing/rules/${String(id)}`);
    await done('patch', `routing/rules/${String(id)}`, { priority: 3 });
    await done('post', 'routing/rules/order', { ids: [id] });
    const event = aTrade(aSymbol());
    for (const part of ['routing/test', 'routing/rules/test']) await done('post', part, { event });
    await done('delete', `routing/rules/${String(id)}`);
    const transformation = { steps: [{ map: { 'data.desk': { value: 'one' } } }] };
    await done('post', 'transformations', { name, definition: transformation });
    await done('put', `transformations/${name}`, { definition: transformation });
    await done('get', 'transformations');
    await done('get', `transformations/${name}`);
    await done('post', 'transformations/test', { transformation, event });
    await done('delete', `transformations/${name}`);
    await done('put', `lookup-tables/${name}`, { rows: { AAPL: { name: 'Apple' } } });
    await done('get', 'lookup-tables');
    await done('get', `lookup-tables/${name}`);
    await done('delete', `lookup-tables/${name}`);
    const key = await done('post', 'api-keys', { name, permissions: [{ verbs: ['read'], topic_pattern: '#' }] });
    await done('get', 'api-keys');
    await done('get', `api-keys/${String(key.id)}`);
    await done('delete', `api-keys/${String(key.id)}`);
    await done('put', 'tenants/default/quota', NO_QUOTA);
    await done('get', 'tenants/default/quota');
    await done('get', 'config');
    expect((await done('get', 'audit')).items).not.toHaveLength(0);
  });

  it('has dead letters over REST and gRPC', async () => {
    const { topic, ids } = await letters(8);
    await done('get', `dead-letters/${ids[0]}`);
    await done('post', `dead-letters/${ids[0]}/replay`, { target: 'topic' });
    await done('delete', `dead-letters/${ids[1]}`);
    await done('post', 'dead-letters/replay', { ids: [ids[2]], target: 'topic' });
    await done('post', 'dead-letters/discard', { ids: [ids[3]] });
    const { client, call } = manager('DeadLetter');
    await call('ListDeadLetters', { topic });
    await call('GetDeadLetter', { dead_letter_id: ids[4] });
    await call('ReplayDeadLetter', { dead_letter_id: ids[4], target: 'topic' });
    await call('DiscardDeadLetter', { dead_letter_id: ids[5] });
    await call('ReplayDeadLetters', { ids: [ids[6]], target: 'topic' });
    await call('DiscardDeadLetters', { topic });
    client.close();
  }, 60_000);

  it('has topics, subscriptions and rules over gRPC', async () => {
    const [name, id] = [`teams/${randomUUID()}`, randomUUID()];
    const topics = manager('Topic');
    await topics.call('CreateTopic', { name, data_type: 'TRADE' });
    await topics.call('UpdateTopic', { name, priority: 2 });
    for (const method of ['GetTopic', 'GetTopicStats']) await topics.call(method, { name });
    await topics.call('ListTopics');
    const subscriptions = manager('Subscription');
    const one = { subscription_id: id };
    await subscriptions.call('CreateSubscription', { ...one, selection: { patterns: [name] } });
    for (const part of ['', 'Health', 'Stats']) await subscriptions.call(`GetSubscription${part}`, one);
    await subscriptions.call('ListSubscriptions');
    await subscriptions.call('SeekSubscription', { ...one, start: { at: 'earliest' } });
    const reader = await subscribed(webSocketDoor, app, { name: id, patterns: [name] });
    const { generation, positions } = reader.record.of('subscribed')[0];
    await subscriptions.call('AcknowledgeSubscription', { ...one, generation, positions });
    await reader.close();
    for (const verb of ['Pause', 'Resume', 'Delete']) await subscriptions.call(`${verb}Subscription`, one);
    await topics.call('DeleteTopic', { name });
    const rules = manager('Routing');
    const rule = await rules.call('CreateRule', { name: id, source_pattern: name, target_topic: TRADES });
    await rules.call('GetRule', { id: rule.id });
    await rules.call('UpdateRule', { id: rule.id, change: { enabled: false } });
    await rules.call('ListRules');
    await rules.call('ReorderRules', { ids: [rule.id] });
    await rules.call('TestRouting', { event: JSON.stringify(aTrade(aSymbol())) });
    await rules.call('DeleteRule', { id: rule.id });
    for (const { client } of [topics, subscriptions, rules]) client.close();
  });

  it('has what every gRPC server has', async () => {
    const client = grpcClientOf(app, 'grpc.health.v1.Health', loadSync(HEALTH_PROTO, PROTO_LOADING));
    expect(await ask(app, client, 'Check', { service: '' })).toMatchObject({ status: 'SERVING' });
    const watch = client.Watch({ service: '' }, metadataOf(app)) as unknown as NodeJS.EventEmitter & { cancel(): void };
    const told: unknown[] = [];
    watch.on('data', (message) => told.push(message));
    watch.on('error', () => undefined);
    await until('the health', () => told.length > 0);
    watch.cancel();
    client.close();
    for (const version of ['v1', 'v1alpha']) {
      const files = loadSync(path.join(REFLECTION_FILES, version, 'reflection.proto'), PROTO_LOADING);
      const reflection = grpcClientOf(app, `grpc.reflection.${version}.ServerReflection`, files);
      const call = reflection.ServerReflectionInfo(metadataOf(app)) as unknown as NodeJS.EventEmitter & {
        write(message: object): void;
        end(): void;
      };
      let isAnswered = false;
      let isOver = false;
      call.on('data', () => (isAnswered = true));
      call.on('end', () => (isOver = true));
      call.write({ list_services: '' });
      await until('the services', () => isAnswered);
      call.end();
      await until('the end', () => isOver);
      reflection.close();
    }
  });
});
