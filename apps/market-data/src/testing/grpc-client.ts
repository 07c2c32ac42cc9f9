import { type Client, credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { MONITORING_PROTO, PROTO_LOADING } from '@distributary/contracts';
import { protoPath as HEALTH_PROTO } from 'grpc-health-check';

export type Fields = Record<string, unknown>;
type Unary = (request: Fields, done: (error: ServiceError | null, reply: Fields) => void) => void;

/** A stream from the server; `write` only if it is bidirectional. */
export type Call = NodeJS.EventEmitter & { write(message: Fields): void; cancel(): void };

export type GrpcClient = Client & {
  Exchange(): Call;
  StreamMonitoring(request: Fields): Call;
  Publish: Unary;
  ManageSubscription: Unary;
  Check: Unary;
};

/** What a client has that knows the .proto files: every field has its default. */
export const CLIENT_DEFINITION = loadSync([MONITORING_PROTO, HEALTH_PROTO], { ...PROTO_LOADING, defaults: true });

export function grpcClient(
  service: string,
  port: number,
  options: Fields = {},
  definition: PackageDefinition = CLIENT_DEFINITION,
): GrpcClient {
  const root = loadPackageDefinition(definition) as unknown as Fields;
  const Service = service.split('.').reduce<unknown>((at, part) => (at as Fields)[part], root);
  type Constructor = new (address: string, credentials: unknown, options: Fields) => GrpcClient;
  return new (Service as Constructor)(`127.0.0.1:${port}`, credentials.createInsecure(), options);
}

/** The reply of a unary call; rejects with its status. */
export function asked(client: GrpcClient, method: 'Publish' | 'ManageSubscription' | 'Check', request: Fields) {
  return new Promise<Fields>((resolve, reject) => {
    client[method](request, (error, reply) => (error === null ? resolve(reply) : reject(error)));
  });
}

export interface Told {
  readonly messages: Fields[];
  error: ServiceError | undefined;
  /** Payloads of one kind of `ServerMessage`. */
  of(type: string): Fields[];
  /** Events of an `Exchange`, as JSON. */
  events(): Fields[];
}

/** What a call has been told so far. */
export function listening(call: Call): Told {
  const told: Told = {
    messages: [],
    error: undefined,
    of: (type) => told.messages.filter((message) => message.payload === type).map((message) => message[type] as Fields),
    events: () =>
      told
        .of('data')
        .flatMap((data) => data.events as Buffer[])
        .map((bytes) => JSON.parse(bytes.toString()) as Fields),
  };
  call.on('data', (message: Fields) => told.messages.push(message));
  call.on('error', (error: ServiceError) => (told.error = error));
  return told;
}
