import { createRequire } from 'node:module';
import net from 'node:net';
import { type Client, credentials, loadPackageDefinition, type ServiceError, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Controller, type INestMicroservice, UseFilters } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { HealthImplementation, protoPath as HEALTH_PROTO } from 'grpc-health-check';
import { NEVER } from 'rxjs';
import { MONITORING_PACKAGE, MONITORING_PROTO, PROTO_LOADING } from '@distributary/contracts';
import { DistributionError, FanOut, History, noMetrics } from '@distributary/distribution-core';
import {
  aTopic,
  aCompetingProcess,
  events,
  InMemoryCursorStore,
  InMemoryLog,
  InMemorySubscriptionStore,
  until,
} from '@distributary/distribution-core/testing';
import { SystemClock } from '../../clock/system-clock.js';
import { SystemIds } from '../../clock/system-ids.js';
import { GRPC_CODE_KEY } from '../../errors/grpc-error.js';
import { noLogger } from '../../logging/logger.js';
import { OPEN_ACCESS } from '../../auth/access-control.js';
import { StreamSessions } from '../stream-sessions.js';
import { type ExchangeCall, GrpcDoor, type TypedMessages } from './grpc-door.js';
import { GrpcErrorFilter } from './grpc-error.filter.js';
import { grpcOptions } from './grpc-options.js';
import { typedMessages } from './typed-encoder.js';

const TOPIC = 'monitoring/alerts';
const definition = loadSync([MONITORING_PROTO, HEALTH_PROTO], { ...PROTO_LOADING, defaults: true });
const service = definition[`${MONITORING_PACKAGE}.MonitoringStream`];
if ('format' in service) throw new Error('not a service');

type Fields = Record<string, unknown>;
type Call = NodeJS.EventEmitter & { write(message: Fields): void; cancel(): void; pause(): void; resume(): void };
type Methods = Client & {
  Exchange(): Call;
  streamMonitoring(request: Fields): Call;
  Publish(request: Fields, done: (error: ServiceError | null, reply?: Fields) => void): void;
  Check(request: Fields, done: (error: ServiceError | null, reply?: Fields) => void): void;
};

let door: GrpcDoor;
let typed: TypedMessages;

@Controller()
@UseFilters(new GrpcErrorFilter(noLogger))
class MonitoringGrpc {
  @GrpcStreamCall('MonitoringStream', 'Exchange')
  exchange(call: ExchangeCall): void {
    door.exchange(call);
  }

  @GrpcMethod('MonitoringStream', 'StreamMonitoring')
  async stream(request: object, _metadata: unknown, call: Parameters<GrpcDoor['stream']>[0]) {
    await door.stream(call, request, typed);
    return NEVER;
  }

  @GrpcMethod('MonitoringStream', 'Publish')
  publish(): never {
    throw new DistributionError('ingest.busy', 'come later');
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** What a call has been told so far. */
function record(call: Call) {
  const seen = { messages: [] as Fields[], error: undefined as ServiceError | undefined };
  call.on('data', (message: Fields) => seen.messages.push(message));
  call.on('error', (error: ServiceError) => (seen.error = error));
  const of = (type: string) =>
    seen.messages.filter((message) => message.payload === type).map((message) => message[type] as Fields);
  const numbers = () =>
    of('data').flatMap((data) => (data.events as Buffer[]).map((event) => JSON.parse(String(event)).n));
  return { ...seen, seen, of, numbers };
}

describe('the gRPC door', () => {
  const clock = new SystemClock();
  let log: InMemoryLog;
  let fanOut: FanOut;
  let sessions: StreamSessions;
  let app: INestMicroservice;
  let client: Methods;
  let port: number;
  let published = 0;

  const clientOf = (name: string, options: Fields = {}): Methods => {
    const root = loadPackageDefinition(definition) as unknown as Record<string, never>;
    const Service = name.split('.').reduce<Record<string, unknown>>((at, part) => at[part] as Fields, root);
    return new (Service as unknown as new (...args: unknown[]) => Methods)(
      `127.0.0.1:${port}`,
      credentials.createInsecure(),
      options,
    );
  };

  const publish = async (count: number, padding = '') => {
    const records = events(count).map((event, index) => ({
      ...event,
      eventId: `event-${published + index}`,
      attributes: { data_type: 'ALERTS' },
      value: Buffer.from(JSON.stringify({ n: published + index, event_id: `event-${published + index}`, padding })),
    }));
    published += count;
    await log.append([{ topic: TOPIC, partition: 0, records }] as unknown as Parameters<InMemoryLog['append']>[0]);
  };

  beforeAll(async () => {
    log = new InMemoryLog({ clock });
    fanOut = new FanOut({ log, clock, metrics: noMetrics });
    await log.createTopic(TOPIC, 1, { ms: 0, bytes: 0 });
    await fanOut.setTopics([aTopic(TOPIC)]);
    const cursors = new InMemoryCursorStore({ clock } as never);
    sessions = new StreamSessions({
      fanOut,
      log,
      subscriptions: new InMemorySubscriptionStore(),
      cursors,
      competing: aCompetingProcess({ log, cursors, clock }),
      clock,
      ids: new SystemIds(),
      metrics: noMetrics,
      vocabulary: {
        selectionOf: (input) => {
          if (input.services?.includes('broken')) throw new Error('password is hunter2');
          return { topicPatterns: input.patterns ?? [TOPIC], keyPatterns: [], filter: undefined };
        },
        defaultSlowPolicy: () => 'block',
      },
      history: undefined as unknown as History,
      catalogVersion: () => 1,
      lookAtCatalog: () => Promise.resolve(),
      publish: () => Promise.resolve([]),
      onUnexpected: () => undefined,
      access: OPEN_ACCESS,
      maxSessions: 20,
    });
    door = new GrpcDoor(sessions, service.Exchange.responseSerialize);
    typed = typedMessages({
      name: 'grpc-monitoring',
      serialize: service.StreamMonitoring.responseSerialize,
      eventOf: (event) => ({ event_id: event.event_id, data_type: 'ALERTS', data: Buffer.from(String(event.n)) }),
    });
    port = await freePort();
    const health = new HealthImplementation({ '': 'SERVING' });
    const policy = { allowedHosts: [], allowedOrigins: [] };
    const module = await Test.createTestingModule({ controllers: [MonitoringGrpc] }).compile();
    app = module.createNestMicroservice({
      ...grpcOptions({
        host: '127.0.0.1',
        port,
        policy,
        protoFiles: [MONITORING_PROTO],
        packages: [MONITORING_PACKAGE],
        health,
      }),
      logger: false,
    });
    await app.listen();
    client = clientOf(`${MONITORING_PACKAGE}.MonitoringStream`);
  });

  afterAll(async () => {
    client.close();
    await app.close();
    await fanOut.stop();
    await log.close();
  });

  const subscribe = (call: Call, fields: Fields = {}) => call.write({ subscribe: { id: 's', ...fields } });

  it('welcomes, subscribes, and streams events as they are stored', async () => {
    const call = client.Exchange();
    const told = record(call);
    subscribe(call);
    await until('the subscription', () => told.of('subscribed').length === 1);
    expect(told.of('welcome')[0]).toMatchObject({ limits: { heartbeat_ms: 20_000 } });
    const first = published;
    await publish(3);
    await until('the events', () => told.numbers().length === 3);
    expect(told.numbers()).toEqual([first, first + 1, first + 2]);
    call.write({ ping: { echo: 'x' } });
    call.write({ unsubscribe: { id: 's' } });
    await until('the answers', () => told.of('unsubscribed').length === 1);
    expect(told.of('pong')[0]).toMatchObject({ echo: 'x' });
    call.cancel();
  });

  it('answers a refused command with an error of its id, and goes on', async () => {
    const call = client.Exchange();
    const told = record(call);
    call.write({ unsubscribe: { id: 'nobody' } });
    call.write({ subscribe: { patterns: ['a'] } });
    await until('the errors', () => told.of('error').length === 2);
    expect(told.of('error')).toMatchObject([
      { id: 'nobody', code: 'subscription.not_found' },
      { code: 'request.invalid', errors: [{ path: 'id' }] },
    ]);
    call.cancel();
  });

  it('ends the call for what is no message of the protocol', async () => {
    const call = client.Exchange();
    const told = record(call);
    call.write({ publish: { id: 'p', events: [Buffer.from('{')] } });
    const error = await until('the end', () => told.seen.error);
    expect([error.code, error.metadata.get(GRPC_CODE_KEY)]).toEqual([status.INVALID_ARGUMENT, ['request.invalid']]);
  });

  it('streams typed events under the name that the specification gives the method', async () => {
    const call = client.streamMonitoring({ data_types: ['ALERTS'], start: { at: 'latest' } });
    const told = record(call);
    await until('the subscription', () => told.messages.some((message) => message.subscribed));
    const first = published;
    await publish(2);
    const data = () =>
      told.messages.filter((message) => message.lane === `${TOPIC}#0` && (message.events as Fields[]).length > 0);
    await until('the events', () => data().flatMap((message) => message.events as Fields[]).length === 2);
    expect(data().flatMap((message) => message.events as Fields[])).toMatchObject([
      { event_id: `event-${first}`, data_type: 'ALERTS', data: Buffer.from(String(first)) },
      { event_id: `event-${first + 1}` },
    ]);
    call.cancel();
  });

  it('refuses a stream with a status, and tells nothing of faults of ours', async () => {
    const invalid = record(client.streamMonitoring({ start: { at: 'yesterday' } }));
    expect((await until('the refusal', () => invalid.seen.error)).code).toBe(status.INVALID_ARGUMENT);
    const broken = record(client.streamMonitoring({ services: ['broken'] }));
    const error = await until('the failure', () => broken.seen.error);
    expect([error.code, error.details]).toEqual([status.INTERNAL, 'Something went wrong on our side.']);
  });

  it('answers a unary call that fails with the status of the table', async () => {
    const error = await new Promise<ServiceError | null>((resolve) => client.Publish({}, resolve));
    expect([error?.code, error?.details]).toEqual([status.RESOURCE_EXHAUSTED, 'come later']);
    expect(error?.metadata.get(GRPC_CODE_KEY)).toEqual(['ingest.busy']);
  });

  it('stops writing to a reader that does not read, and loses nothing', async () => {
    const call = client.Exchange();
    const told = record(call);
    subscribe(call);
    await until('the subscription', () => told.of('subscribed').length === 1);
    call.pause();
    const first = published;
    for (let batch = 0; batch < 40; batch++) await publish(100, 'x'.repeat(1_000));
    // Far less than the 4 MB that were published is under way to it.
    await until('the tail to get on', async () => {
      const marker = client.Exchange();
      const seen = record(marker);
      subscribe(marker, { start: { at: 'earliest' } });
      await until('the last event', () => seen.numbers().includes(published - 1));
      marker.cancel();
      return true;
    });
    expect(told.numbers().length).toBeLessThan(2_500);
    call.resume();
    await until('the rest', () => told.numbers().length === 4_000);
    expect(told.numbers()).toEqual(Array.from({ length: 4_000 }, (_, index) => first + index));
    call.cancel();
  });

  it('refuses callers that use another name for it', async () => {
    const stranger = clientOf(`${MONITORING_PACKAGE}.MonitoringStream`, { 'grpc.default_authority': 'evil.com' });
    const error = await new Promise<ServiceError | null>((resolve) => stranger.Publish({}, resolve));
    stranger.close();
    expect([error?.code, error?.metadata.get(GRPC_CODE_KEY)]).toEqual([status.PERMISSION_DENIED, ['origin.refused']]);
  });

  it('tells its health', async () => {
    const health = clientOf('grpc.health.v1.Health');
    const reply = await new Promise((resolve, reject) => {
      health.Check({ service: '' }, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
    health.close();
    expect(reply).toMatchObject({ status: 'SERVING' });
  });

  it('describes its services by reflection', async () => {
    const reflectionProto = createRequire(import.meta.url).resolve(
      '@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto',
    );
    const root = loadPackageDefinition(loadSync(reflectionProto, PROTO_LOADING)) as never as {
      grpc: {
        reflection: { v1: { ServerReflection: new (...args: unknown[]) => Client & { ServerReflectionInfo(): Call } } };
      };
    };
    const reflection = new root.grpc.reflection.v1.ServerReflection(`127.0.0.1:${port}`, credentials.createInsecure());
    const call = reflection.ServerReflectionInfo();
    const { messages } = record(call);
    call.write({ list_services: '' });
    await until('the list', () => messages.length === 1);
    call.cancel();
    reflection.close();
    const { service: services } = messages[0].list_services_response as { service: { name: string }[] };
    expect(services.map(({ name }) => name)).toEqual(
      expect.arrayContaining([`${MONITORING_PACKAGE}.MonitoringStream`, 'grpc.health.v1.Health']),
    );
  });

  it('has no session left after its clients have gone, and tells those who stay that it drains', async () => {
    const call = client.Exchange();
    const told = record(call);
    await until('the welcome', () => told.of('welcome').length === 1);
    await sessions.drain();
    const error = await until('the end', () => told.seen.error);
    expect([error.code, error.metadata.get(GRPC_CODE_KEY)]).toEqual([status.UNAVAILABLE, ['draining']]);
    const late = record(client.Exchange());
    expect((await until('the refusal', () => late.seen.error)).code).toBe(status.UNAVAILABLE);
  });
});
