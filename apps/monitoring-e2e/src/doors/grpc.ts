import { credentials, type Client, loadPackageDefinition, Metadata, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { type ErrorPayload, MONITORING_PROTO, PROTO_LOADING } from '@distributary/contracts';
import { GRPC_CODE_KEY, GRPC_PROBLEMS_KEY, GRPC_RETRY_KEY } from '@distributary/distribution-nest';
import type { TestApp } from '../harness.js';
import type { CommandDoor, CommandStream, Selection, StreamDoor } from './door.js';
import { type Message, StreamRecord } from './stream-record.js';

type Fields = Readonly<Record<string, unknown>>;
type Call = NodeJS.EventEmitter & { write(message: Fields): void; cancel(): void };
type MonitoringClient = Client & {
  Exchange(metadata?: Metadata): Call;
  StreamMonitoring(request: Fields, metadata?: Metadata): Call;
};

const definition = loadSync(MONITORING_PROTO, { ...PROTO_LOADING, defaults: true });

export function grpcClient(
  app: TestApp,
  options: Fields = {},
  channel = credentials.createInsecure(),
): MonitoringClient {
  const root = loadPackageDefinition(definition) as unknown as {
    distributary: { monitoring: { v1: { MonitoringStream: new (...args: unknown[]) => MonitoringClient } } };
  };
  return new root.distributary.monitoring.v1.MonitoringStream(app.grpcAddress, channel, {
    'grpc.use_local_subchannel_pool': 1,
    ...options,
  });
}

/** The whole protocol in one call. */
export const exchangeDoor: CommandDoor = {
  name: 'gRPC Exchange',
  connect(app) {
    const client = grpcClient(app);
    const call = client.Exchange(metadataOf(app));
    const stream = listenTo(client, call, (message) => [jsonMessage(message)]);
    return Promise.resolve({
      ...stream,
      send: (type, payload) => call.write({ [type]: wirePayload(type, payload as Fields) }),
    } satisfies CommandStream);
  },
  async open(app, selection) {
    const stream = await this.connect(app);
    stream.send('subscribe', { id: 's', ...selection });
    return stream;
  },
};

/** The spec's method: one subscription, typed events. */
export const typedDoor: StreamDoor = {
  name: 'gRPC StreamMonitoring',
  open(app, selection) {
    const client = grpcClient(app);
    return Promise.resolve(
      listenTo(client, client.StreamMonitoring(wireSelection(selection), metadataOf(app)), typedMessages()),
    );
  },
};

export function metadataOf(app: TestApp): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(app.headers)) metadata.set(name, value);
  return metadata;
}

function listenTo(client: Client, call: Call, messagesOf: (message: Fields) => Message[]) {
  const record = new StreamRecord();
  call.on('data', (message: Fields) => messagesOf(message).forEach((one) => record.add(one)));
  call.on('error', (error: ServiceError) => {
    const failure = errorOf(error.metadata, error.details);
    record.fail(failure);
    record.end = { code: error.code, reason: failure.code };
  });
  call.on('end', () => (record.end ??= { code: 0, reason: 'ended' }));
  return {
    record,
    close: () => {
      call.cancel();
      client.close();
      record.expectWhole();
      return Promise.resolve();
    },
  };
}

export function errorOf(metadata: Metadata, message: string): ErrorPayload {
  const problems = metadata.get(GRPC_PROBLEMS_KEY).map(String).join('');
  const [retryAfter] = metadata.get(GRPC_RETRY_KEY);
  return {
    code: String(metadata.get(GRPC_CODE_KEY)[0]),
    message,
    retryable: retryAfter !== undefined,
    ...(retryAfter !== undefined && { retry_after_ms: Number(retryAfter) }),
    ...(problems !== '' && { errors: JSON.parse(problems) as ErrorPayload['errors'] }),
  };
}

const parsed = (values: unknown): unknown[] =>
  (values as Buffer[]).map((value) => JSON.parse(value.toString()) as unknown);

/** A `ServerMessage` as the other doors have it. */
function jsonMessage(message: Fields): Message {
  const type = message.payload as Message['type'];
  const payload = message[type] as Fields;
  // Free-form JSON is text there.
  if (type === 'pong') return { type, payload: { ...payload, echo: JSON.parse(payload.echo as string) } } as Message;
  const isBytes = type === 'data' || type === 'snapshot' || type === 'history';
  return { type, payload: isBytes ? { ...payload, events: parsed(payload.events) } : payload } as unknown as Message;
}

/** Typed messages have no feed of their own: the one that `subscribed` named. */
function typedMessages(): (message: Fields) => Message[] {
  let feed = 0;
  return (message) => {
    if (message.subscribed) {
      feed = (message.subscribed as { feed: number }).feed;
      return [{ type: 'subscribed', payload: message.subscribed } as Message];
    }
    if (message.gap) return [{ type: 'gap', payload: message.gap } as Message];
    if (message.status) return [{ type: 'status', payload: message.status } as Message];
    const { lane, epoch, prev, pos, last, snapshot, dropped } = message;
    const events = (message.events as Fields[]).map(storedEvent);
    const payload = { feed, lane, epoch, prev, pos, last, events, ...(dropped ? { dropped } : {}) };
    return [{ type: snapshot === true ? 'snapshot' : 'data', payload } as unknown as Message];
  };
}

/** Of the spec's `MonitoringDistribution`, in its own shape of `monitoring_data_distributed`. */
function storedEvent(event: Fields): Fields {
  const { event_id, data_type, data } = event;
  const routing = event.routing as Fields;
  const timestamp = event.timestamp as { seconds: number; nanos: number };
  const metadata = event.metadata as Fields;
  const { topic, routing_key, target_subscribers, priority } = routing;
  return {
    event_id,
    timestamp: new Date(timestamp.seconds * 1000 + timestamp.nanos / 1e6).toISOString(),
    data_type,
    distribution: { topic, routing_key, target_subscribers, priority },
    // Empty if a transformation took it away.
    data: (data as Buffer).length === 0 ? undefined : (JSON.parse((data as Buffer).toString()) as unknown),
    metadata: Object.fromEntries(Object.entries(metadata).filter(([name]) => !name.startsWith('_'))),
  };
}

function wireSelection({ start, filter, transformation, ...others }: Selection): Fields {
  return {
    ...others,
    ...(filter !== undefined && { filter: typeof filter === 'string' ? filter : JSON.stringify(filter) }),
    ...(transformation !== undefined && {
      transformation: typeof transformation === 'string' ? transformation : JSON.stringify(transformation),
    }),
    ...(start !== undefined && { start: typeof start === 'string' ? { at: start } : start }),
  };
}

function wirePayload(type: string, payload: Fields): Fields {
  if (type === 'subscribe' || type === 'history') return wireSelection(payload as Selection);
  if (type === 'ping') return { echo: JSON.stringify(payload) };
  if (type !== 'publish') return payload;
  return { ...payload, events: (payload.events as unknown[]).map((event) => Buffer.from(JSON.stringify(event))) };
}
