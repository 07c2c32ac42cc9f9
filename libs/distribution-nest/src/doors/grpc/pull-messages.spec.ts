import {
  type Client,
  credentials,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { MONITORING_PACKAGE, MONITORING_PROTO, PROTO_LOADING } from '@distributary/contracts';
import { DistributionError, noMetrics } from '@distributary/distribution-core';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { OPEN_ACCESS } from '../../auth/access-control.js';
import { authenticationInterceptor } from '../../auth/grpc-authentication.js';
import { SystemIds } from '../../clock/system-ids.js';
import { GRPC_CODE_KEY, grpcError } from '../../errors/grpc-error.js';
import { StreamSessions, type StreamSessionsDependencies } from '../stream-sessions.js';
import { callStreamInterceptor } from './call-stream.js';
import { type PulledMessages, pullMessages } from './pull-messages.js';
import { typedMessages } from './typed-encoder.js';

const definition = loadSync(MONITORING_PROTO, { ...PROTO_LOADING, defaults: true });
const NAME = `${MONITORING_PACKAGE}.MonitoringStream`;
const service = definition[NAME];
if ('format' in service) throw new Error('not a service');
const serialize = service.StreamMonitoring.responseSerialize;
const { encoder } = typedMessages({ name: 'pulled', serialize, eventOf: (event) => event });

type Fields = Readonly<Record<string, unknown>>;
type Call = NodeJS.EventEmitter & { cancel(): void; pause(): void; resume(): void };
type Methods = Client & { StreamMonitoring(request: Fields): Call };

/** All that the tests wait for is done in a second, if the machine has nothing else to do. */
const DEADLINE_MS = 25_000;

/** 64 KiB each, so that few of them fill what may wait for a client. */
const message = (number: number) => serialize({ lane: `${number}`.padEnd(65_536, ' ') });

describe('messages that are pulled by their reader', () => {
  const clock = new FakeClock();
  let server: Server;
  let sessions: StreamSessions;
  let client: Methods;
  let made: number;
  let isOver: boolean;
  let messages: PulledMessages;

  const upTo = (count: number): PulledMessages =>
    async function* (_principal, signal) {
      try {
        for (let number = 0; number < count && !signal.aborted; number++) {
          made++;
          yield await Promise.resolve(message(number));
        }
      } finally {
        isOver = true;
      }
    };

  beforeEach(async () => {
    [made, isOver] = [0, false];
    sessions = new StreamSessions({
      clock,
      ids: new SystemIds(),
      metrics: noMetrics,
      access: OPEN_ACCESS,
      fanOut: { flushAll: () => undefined },
      onUnexpected: () => undefined,
      maxSessions: 1,
    } as unknown as StreamSessionsDependencies);
    server = new Server({ interceptors: [callStreamInterceptor, authenticationInterceptor(OPEN_ACCESS)] });
    server.addService(service, {
      StreamMonitoring: (call: ServerWritableStream<unknown, Buffer>) =>
        void pullMessages(sessions, call, encoder, (principal, signal) => messages(principal, signal)).then(
          () => call.end(),
          (error: unknown) => call.emit('error', grpcError(error)),
        ),
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const root = loadPackageDefinition(definition) as unknown as Fields;
    const Service = NAME.split('.').reduce<unknown>((at, part) => (at as Fields)[part], root);
    client = new (Service as new (...args: unknown[]) => Methods)(`127.0.0.1:${port}`, credentials.createInsecure());
  });
  afterEach(() => {
    client.close();
    server.forceShutdown();
  });

  function open() {
    const call = client.StreamMonitoring({});
    const told = { call, lanes: [] as number[], end: undefined as string | undefined };
    call.on('data', ({ lane }: Fields) => told.lanes.push(Number(lane)));
    call.on('error', (error: ServiceError) => (told.end = String(error.metadata.get(GRPC_CODE_KEY)[0])));
    call.on('end', () => (told.end ??= 'whole'));
    return told;
  }
  const allOf = (count: number) => Array.from({ length: count }, (_, number) => number);

  /** Until the service makes no more of them, for a reader that takes none. */
  async function stuck(told: ReturnType<typeof open>): Promise<void> {
    await until('the first one', () => told.lanes.length > 0);
    told.call.pause();
    let [last, looks] = [0, 0];
    await until(
      'no more to be made',
      () => {
        looks = made === last ? looks + 1 : 0;
        last = made;
        return looks === 20;
      },
      DEADLINE_MS,
    );
  }

  it('come to an end, and their session with them', async () => {
    messages = upTo(50);
    const told = open();
    await until('the end', () => told.end, DEADLINE_MS);
    expect([told.end, told.lanes, sessions.count]).toEqual(['whole', allOf(50), 0]);
  });

  it('are made when their reader has room for them', async () => {
    messages = upTo(200);
    const told = open();
    await stuck(told);
    expect(made).toBeLessThan(200);
    clock.advance(59_000);
    told.call.resume();
    await until('the end', () => told.end, DEADLINE_MS);
    expect([told.end, told.lanes]).toEqual(['whole', allOf(200)]);
  });

  it('are made no more for a reader that takes none for a minute', async () => {
    messages = upTo(200);
    const told = open();
    await stuck(told);
    clock.advance(60_000);
    await until('the end of their making', () => isOver);
    told.call.resume();
    await until('the end', () => told.end, DEADLINE_MS);
    expect([told.end, told.lanes]).toEqual(['consumer.too_slow', allOf(made)]);
    expect([made < 200, sessions.count]).toEqual([true, 0]);
  });

  it('are made no more once they are cancelled', async () => {
    messages = upTo(200);
    const told = open();
    await stuck(told);
    told.call.cancel();
    await until('the end of their making', () => isOver && sessions.count === 0);
    expect(made).toBeLessThan(200);
  });

  it('end with the error of whoever makes them', async () => {
    messages = async function* () {
      yield await Promise.resolve(message(0));
      throw new DistributionError('store.unavailable', 'broken');
    };
    const told = open();
    await until('the end', () => told.end, DEADLINE_MS);
    expect([told.end, told.lanes, sessions.count]).toEqual(['store.unavailable', [0], 0]);
  });

  it('end with a drain, and do not begin after it or beyond the limit of sessions', async () => {
    messages = upTo(200);
    const told = open();
    await stuck(told);
    const second = open();
    await until('the refusal', () => second.end);
    expect(second.end).toBe('gateway.full');
    await sessions.drain();
    await until('the end of their making', () => isOver);
    told.call.resume();
    await until('the end', () => told.end, DEADLINE_MS);
    expect(told.end).toBe('draining');
    const third = open();
    await until('the refusal', () => third.end);
    expect([third.end, sessions.count]).toEqual(['draining', 0]);
  });
});
