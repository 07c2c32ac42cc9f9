import { type ErrorPayload } from '@distributary/contracts';
import { GRPC_CODE_KEY, GRPC_PROBLEMS_KEY, GRPC_RETRY_KEY } from '@distributary/distribution-nest';
import { type Client, credentials, loadPackageDefinition, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import type { CommandDoor, CommandStream, Selection } from './door.js';
import { type Message, StreamRecord } from './stream-record.js';
import type { TestedService } from './tested-service.js';

export type Fields = Readonly<Record<string, unknown>>;
export type AnyStream = NodeJS.EventEmitter & { write(message: Fields): void; end(): void; cancel(): void };
export type AnyClient = Client & Record<string, (...args: unknown[]) => AnyStream>;
type Call = NodeJS.EventEmitter & { write(message: Fields): void; cancel(): void };
type ExchangeClient = Client & { Exchange(metadata?: Metadata): Call };

/** A client of any service by its full name, out of any .proto files. */
export function grpcClientOf(app: TestedService, name: string, files: PackageDefinition): AnyClient {
  const root: unknown = loadPackageDefinition(files);
  const Service = name.split('.').reduce((at, part) => (at as Record<string, unknown>)[part], root);
  return new (Service as new (...args: unknown[]) => AnyClient)(app.grpcAddress, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
}

/** Asks one question of a unary method; rejects with the error as the other doors have it, and its `status`. */
export function ask(app: TestedService, client: AnyClient, method: string, request: Fields, headers: Fields = {}) {
  const metadata = metadataOf(app);
  for (const [name, value] of Object.entries(headers)) metadata.set(name, String(value));
  return new Promise<Fields>((resolve, reject) => {
    client[method](request, metadata, (error: ServiceError | null, reply: Fields) =>
      error === null
        ? resolve(reply)
        : reject(
            Object.assign(new Error(error.details), {
              status: error.code,
              ...errorOf(error.metadata, error.details),
            }),
          ),
    );
  });
}

/** The whole protocol in one call, of any service. */
export const exchangeDoorOf = (clientOf: (app: TestedService) => ExchangeClient): CommandDoor => ({
  name: 'gRPC Exchange',
  connect(app) {
    const client = clientOf(app);
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
});

export function metadataOf(app: TestedService): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(app.headers)) metadata.set(name, value);
  return metadata;
}

/** What a call tells, and the error that ends it. */
export function listenTo(client: Client, call: Call, messagesOf: (message: Fields) => Message[]) {
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

/** As the .proto file of the stream has it. */
export function wireSelection({ start, filter, transformation, ...others }: Selection): Fields {
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
