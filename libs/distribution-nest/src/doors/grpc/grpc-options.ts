import type { Server, ServerInterceptor } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import type { PackageDefinition } from '@grpc/proto-loader';
import { type GrpcOptions, Transport } from '@nestjs/microservices';
import { type HealthImplementation, protoPath as HEALTH_PROTO } from 'grpc-health-check';
import { PROTO_LOADING } from '@distributary/contracts';
import { type AccessControl, OPEN_ACCESS } from '../../auth/access-control.js';
import { authenticationInterceptor } from '../../auth/grpc-authentication.js';
import type { HostOriginPolicy } from '../../http/host-origin.js';
import { hostOriginInterceptor } from '../../http/host-origin-guard.js';
import { ReloadingServerCredentials } from '../../tls/grpc-credentials.js';
import type { TlsMaterial } from '../../tls/tls-material.js';
import { callStreamInterceptor } from './call-stream.js';
import { GRPC_KEEPALIVE_MS, MAX_GRPC_MESSAGE_BYTES } from './grpc-door.js';
import { reflectable } from './reflectable.js';

export interface GrpcServerOptions {
  readonly host: string;
  /** Not 0: Nest does not tell which port it got. */
  readonly port: number;
  readonly policy: HostOriginPolicy;
  /** Paths below the root of the .proto files. */
  readonly protoFiles: readonly string[];
  readonly packages: readonly string[];
  /** `grpc.health.v1`; the owner sets '' and each service to SERVING once it is ready, NOT_SERVING when it drains. */
  readonly health: HealthImplementation;
  /** Who may call; everybody, if it is not given. */
  readonly access?: AccessControl;
  /** Looked at when it is known who calls, the first one first. */
  readonly interceptors?: readonly ServerInterceptor[];
  /** Before everything else that looks at calls. */
  readonly firstInterceptors?: readonly ServerInterceptor[];
  /** TLS if there is one. */
  readonly tls?: TlsMaterial;
  /** Nest keeps the server to itself, and closes it without waiting for anything. */
  readonly onServer?: (server: Server) => void;
}

/** What `app.connectMicroservice` needs, reflection and health included. */
export function grpcOptions(options: GrpcServerOptions): GrpcOptions {
  const {
    host,
    port,
    policy,
    protoFiles,
    packages,
    health,
    onServer,
    interceptors = [],
    firstInterceptors = [],
    tls,
    access = OPEN_ACCESS,
  } = options;
  // `interceptors` is an option of the server; Nest passes all of these on, but types only the numbers and texts.
  const serverOptions: object = {
    interceptors: [
      callStreamInterceptor,
      ...firstInterceptors,
      hostOriginInterceptor(policy),
      authenticationInterceptor(access),
      ...interceptors,
    ],
    'grpc.max_concurrent_streams': 1_000,
  };
  return {
    transport: Transport.GRPC,
    options: {
      url: `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`,
      // The health service's file is loaded for reflection, but its package is not Nest's: it brings its own handlers.
      protoPath: [...protoFiles, HEALTH_PROTO],
      package: [...packages],
      loader: PROTO_LOADING,
      channelOptions: serverOptions,
      ...(tls !== undefined && { credentials: new ReloadingServerCredentials(tls) }),
      maxReceiveMessageLength: MAX_GRPC_MESSAGE_BYTES,
      keepalive: { keepaliveTimeMs: GRPC_KEEPALIVE_MS, keepaliveTimeoutMs: GRPC_KEEPALIVE_MS * 1.5 },
      onLoadPackageDefinition: (definition: PackageDefinition, server: Pick<Server, 'addService'>) => {
        health.addToServer(server as Server);
        new ReflectionService(reflectable(definition)).addToServer(server);
        onServer?.(server as Server);
      },
    },
  };
}
