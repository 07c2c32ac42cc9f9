import { MANAGEMENT_PROTOS, MONITORING_PROTO, PROTO_LOADING } from '@distributary/contracts';
import { type Client, credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { TestApp } from '../harness.js';
import { errorOf, metadataOf } from './grpc.js';

export type Fields = Readonly<Record<string, unknown>>;
export type AnyStream = NodeJS.EventEmitter & { write(message: Fields): void; end(): void; cancel(): void };
export type AnyClient = Client & Record<string, (...args: unknown[]) => AnyStream>;

/** What is not on the wire reads as its default, so that answers can be compared. */
const definition = loadSync([MONITORING_PROTO, ...MANAGEMENT_PROTOS], { ...PROTO_LOADING, defaults: true });

/** A client of any service by its full name, out of any .proto files; ours, if none are given. */
export function clientOf(app: TestApp, name: string, files = definition): AnyClient {
  const root: unknown = loadPackageDefinition(files);
  const Service = name.split('.').reduce((at, part) => (at as Record<string, unknown>)[part], root);
  return new (Service as new (...args: unknown[]) => AnyClient)(app.grpcAddress, credentials.createInsecure());
}

/** Asks one question of a unary method; rejects with the error as the other doors have it, and its `status`. */
export function ask(app: TestApp, client: AnyClient, method: string, request: Fields, headers: Fields = {}) {
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
